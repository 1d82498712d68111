// What the dashboard says, in both languages, and how it writes numbers, sizes and moments. The message of an error is the
// server's own and stays as it is.
export const words = {
  en: {
    // the page
    skip: 'Skip to the content', views: 'Parts', login: 'Log in', logout: 'Log out', user: 'User name', password: 'Password',
    tools: 'Tools that ask this address for JSON get the OpenAPI document.', docs: 'API',
    up: 'working', down: 'not reachable', app_reader: 'reader', app_writer: 'writer', app_operator: 'operator',
    ended: 'The session has ended. Log in again.', left: 'You have logged out.', failed: 'The request failed', offline: 'The service cannot be reached.',
    locked: 'Too many failed logins. Try again in {0} seconds.', wrong: 'Wrong user name or password.',
    none: 'Nothing here yet.', close: 'Close', cancel: 'Cancel', send: 'Send', refresh: 'Refresh', moreRows: 'More', any: 'any', yes: 'Yes', no: 'No',
    working: 'Working…', asTable: 'As a table', noTables: 'There is no table that you may use here.',
    // metrics
    metrics: 'Metrics', year: 'Year', yearBefore: 'Year before', yearAfter: 'Year after', report: 'Report to print',
    above: 'Departments above the mean', quarters: 'Hires by quarter', trend: 'Hires over the years', department: 'Department', job: 'Job',
    allDepartments: 'All departments', hired: 'Hired', id: 'Id', quarter: 'Quarter', beforeThat: 'A year before',
    mean: 'mean {0}', tileHired: 'people hired', tileDepartments: 'departments', tileHiring: 'with hires', tileMean: 'mean of all departments', tileAbove: 'above the mean',
    noHires: 'No hires in this year.', badYear: 'A year is a number from 1 to 9999.', noneAbove: 'No department is above the mean.',
    chartDepartments: 'Bars of the departments with most hires in {0}; the line is the mean of all departments, {1}.',
    chartQuarters: 'Bars of the hires by quarter in {0}: {1}.', chartTrend: 'Lines of the hires by quarter from {0} to {1}, and a year before each.',
    firstOf: 'The first {0} of {1}.',
    // a file
    load: 'Load a file', drop: 'Drop a CSV here, or choose one', dropHint: 'CSV, also compressed with gzip or zstd; 64 MB at most', table: 'Table', mode: 'Mode',
    modePartial: 'Good rows in, bad rows logged', modeAtomic: 'All rows or none', delimiter: 'Delimiter', findOut: 'Find out', comma: 'Comma ,',
    semicolon: 'Semicolon ;', tab: 'Tab', pipe: 'Bar |', dryRun: 'Dry run: check, keep nothing', more: 'More options', header: 'First line names the columns',
    encoding: 'Encoding', quote: 'Quote', nullString: 'Text that means NULL', dateFormat: 'Date format', onConflict: 'Rows whose key is taken',
    conflictReject: 'Reject', conflictSkip: 'Leave out', conflictUpdate: 'Update the row there', repair: 'Broken records', repairNone: 'Reject',
    repairSalvage: 'Mend where possible', rejectLimit: 'Give up after so many rejects',
    loadHint: 'The answer comes here: how many rows went in, and why the others did not.', chooseFile: 'Choose a file first.',
    uploading: 'Sending {0}: {1} of {2}', checking: 'Checking the rows of {0}', soFar: '{0} rows in, {1} rejected so far', cancelled: 'Cancelled. The file was not sent to its end.',
    received: 'read', inserted: 'loaded', wouldInsert: 'would be loaded', rejected: 'rejected', repaired: 'mended', skipped: 'left out', updated: 'updated', seconds: 'seconds',
    seeRejects: 'See the rejects of load {0}', answerOf: 'Load {0} into {1}', answerDry: 'Dry run into {0}: nothing was kept', firstErrors: 'The first {0} errors',
    // a batch
    batch: 'JSON batch', rowsJson: 'Rows: a JSON array of 1 to 1000 objects', example: 'Example for this table',
    batchHint: 'The answer comes here, with each error beside its row.', notJson: 'This is not JSON', notArray: 'The rows must be a JSON array.', row: 'Row', why: 'Why',
    rowIn: 'is in', rowGood: 'is good', rowOut: 'is good, but nothing was kept',
    // loads
    loads: 'Loads', running: 'Running now', nothingRuns: 'Nothing runs now.', kind_load: 'Load', kind_backup: 'Backup', kind_restore: 'Restore',
    progressOf: '{0}: {1}', progressText: '{0} of {1}, {2} rows, {3} rejected, {4} s', ofLoad: 'Load', source: 'Source', by: 'By', started: 'Started', status: 'Status',
    read: 'Read', loaded: 'Loaded', rejectedRows: 'Rejected', allTables: 'All tables', allLoads: 'All loads',
    st_loaded: 'loaded', st_partial: 'partial', st_aborted: 'aborted', 'st_dry run': 'dry run',
    // rejects
    rejects: 'Rejects', reason: 'Reason', exportCsv: 'Export CSV', rj_open: 'open', rj_fixed: 'fixed', rj_reloaded: 'reloaded', rj_dismissed: 'dismissed',
    line: 'line {0}', record: 'row {0}', ofTable: 'load {0}, {1}', mend: 'Mend', dismiss: 'Dismiss', mendSend: 'Insert the mended row', whyDismiss: 'Why it is given up',
    mendHint: 'A field left empty takes the default of its column, or NULL.', noRaw: 'The row was not kept.', shown: '{0} rejects shown', noRejects: 'No rejects here.',
    fixedNow: 'mended: the row is in', dismissedNow: 'dismissed', summary: 'What is wrong, and what would mend it', column: 'Column', pattern: 'Pattern', rows: 'Rows', proposal: 'Proposal',
    useIt: 'Use {0}', replay: 'Load the open rejects again', alsoNull: 'Texts that mean NULL, between commas', decimalMark: 'Decimal mark', asBefore: 'As before',
    tryIt: 'Try it: dry run', replayNow: 'Load them', tried: 'Would load {0} of {1} rows; {2} would stay.', replayed: '{0} of {1} rows are in; {2} stay.',
    class_structure: 'structure', class_encoding: 'encoding', class_type: 'type', class_not_null: 'missing', class_check: 'check', class_unique: 'key taken',
    class_foreign_key: 'no parent', class_exclusion: 'exclusion', class_domain: 'domain', class_trigger: 'trigger', class_privilege: 'privilege',
    // backups
    backups: 'Backups', backupNew: 'Back a table up', codec: 'Codec', backupNow: 'Back up', backupAll: 'All tables as of one moment', restoreFile: 'Restore from an Avro file', avroFile: 'Choose an Avro file', restoreAsk: 'Restore…',
    taken: 'Taken', size: 'Size', verified: 'Verified', never: 'never', verify: 'Verify', download: 'Download', compare: 'Compare', dropBackup: 'Drop…', actions: 'Actions',
    backedUp: 'Backed up: {0}', downloading: 'Downloading {0}: part {1} of {2}', downloaded: 'Downloaded: {0}', restored: '{0}: {1} rows restored.', dropped: 'Dropped: {0}',
    restoreTitle: 'Restore the table {0}?', factTable: 'Table', factNow: 'Rows now', factBackup: 'Rows of the backup', factTaken: 'Taken', factFile: 'File', factDiffers: 'Difference', differ: '{0} rows differ.', about: 'about {0}', unknown: 'not known',
    mode_replace: 'Replace: the table becomes equal', mode_missing_only: 'Only rows that are missing', mode_upsert: 'Missing rows, and over those there', mode_append: 'Append',
    onError: 'A bad row', errorAbort: 'ends the restore', errorReject: 'is logged', restoreTried: 'The dry run', typeName: 'Type {0} to confirm', restoreNow: 'Restore',
    verifyTitle: 'Verify {0}', level: 'Level', level_checksum: 'checksum: the bytes', level_decode: 'decode: every row is read', level_plan: 'plan: every row against today’s table',
    level_restore: 'restore: into a scratch table', verifyNow: 'Verify', sound: 'The backup is sound.', notSound: 'The backup is not sound.', result: 'Result', passed: 'passed', problem: 'Problem',
    diffTitle: 'The table beside {0}', same: 'The table is what it was then.', differs: '{0} rows differ: {1} missing, {2} surplus, {3} changed.', change: 'Change', key: 'Key',
    ch_missing: 'missing', ch_surplus: 'surplus', ch_changed: 'changed', inBackup: 'In the backup', inTable: 'In the table',
    dropTitle: 'Drop {0}?', dropSure: 'The file goes for good. Nothing brings it back.', dropNow: 'Drop',
  },
  es: {
    skip: 'Ir al contenido', views: 'Partes', login: 'Entrar', logout: 'Salir', user: 'Usuario', password: 'Contraseña',
    tools: 'Las herramientas que piden JSON en esta dirección reciben el documento OpenAPI.', docs: 'API',
    up: 'en marcha', down: 'sin respuesta', app_reader: 'lector', app_writer: 'editor', app_operator: 'operador',
    ended: 'La sesión ha terminado. Vuelva a entrar.', left: 'Ha salido.', failed: 'La petición falló', offline: 'No se puede contactar con el servicio.',
    locked: 'Demasiados intentos fallidos. Pruebe de nuevo en {0} segundos.', wrong: 'Usuario o contraseña incorrectos.',
    none: 'Aún no hay nada.', close: 'Cerrar', cancel: 'Cancelar', send: 'Enviar', refresh: 'Actualizar', moreRows: 'Más', any: 'todos', yes: 'Sí', no: 'No',
    working: 'Trabajando…', asTable: 'Como tabla', noTables: 'No hay ninguna tabla que pueda usar aquí.',
    metrics: 'Métricas', year: 'Año', yearBefore: 'Año anterior', yearAfter: 'Año siguiente', report: 'Informe para imprimir',
    above: 'Departamentos sobre la media', quarters: 'Contrataciones por trimestre', trend: 'Contrataciones a lo largo de los años', department: 'Departamento', job: 'Puesto',
    allDepartments: 'Todos los departamentos', hired: 'Contratados', id: 'Id', quarter: 'Trimestre', beforeThat: 'Un año antes',
    mean: 'media {0}', tileHired: 'personas contratadas', tileDepartments: 'departamentos', tileHiring: 'con contrataciones', tileMean: 'media de todos los departamentos', tileAbove: 'sobre la media',
    noHires: 'Sin contrataciones en este año.', badYear: 'Un año es un número de 1 a 9999.', noneAbove: 'Ningún departamento está sobre la media.',
    chartDepartments: 'Barras de los departamentos con más contrataciones en {0}; la línea es la media de todos los departamentos, {1}.',
    chartQuarters: 'Barras de las contrataciones por trimestre en {0}: {1}.', chartTrend: 'Líneas de las contrataciones por trimestre de {0} a {1}, y un año antes de cada uno.',
    firstOf: 'Las primeras {0} de {1}.',
    load: 'Cargar un archivo', drop: 'Suelte aquí un CSV, o elija uno', dropHint: 'CSV, también comprimido con gzip o zstd; 64 MB como máximo', table: 'Tabla', mode: 'Modo',
    modePartial: 'Entran las buenas, se anotan las malas', modeAtomic: 'Todas las filas o ninguna', delimiter: 'Separador', findOut: 'Averiguar', comma: 'Coma ,',
    semicolon: 'Punto y coma ;', tab: 'Tabulador', pipe: 'Barra |', dryRun: 'Prueba: comprobar, no guardar nada', more: 'Más opciones', header: 'La primera línea nombra las columnas',
    encoding: 'Codificación', quote: 'Comillas', nullString: 'Texto que significa NULL', dateFormat: 'Formato de fecha', onConflict: 'Filas cuya clave ya existe',
    conflictReject: 'Rechazar', conflictSkip: 'Dejar fuera', conflictUpdate: 'Actualizar la que está', repair: 'Registros rotos', repairNone: 'Rechazar',
    repairSalvage: 'Arreglar si se puede', rejectLimit: 'Abandonar tras tantos rechazos',
    loadHint: 'Aquí llega la respuesta: cuántas filas entraron y por qué las otras no.', chooseFile: 'Elija antes un archivo.',
    uploading: 'Enviando {0}: {1} de {2}', checking: 'Comprobando las filas de {0}', soFar: '{0} filas dentro, {1} rechazadas hasta ahora', cancelled: 'Cancelado. El archivo no se envió hasta el final.',
    received: 'leídas', inserted: 'cargadas', wouldInsert: 'se cargarían', rejected: 'rechazadas', repaired: 'arregladas', skipped: 'dejadas fuera', updated: 'actualizadas', seconds: 'segundos',
    seeRejects: 'Ver los rechazos de la carga {0}', answerOf: 'Carga {0} en {1}', answerDry: 'Prueba en {0}: no se guardó nada', firstErrors: 'Los primeros {0} errores',
    batch: 'Lote JSON', rowsJson: 'Filas: un array JSON de 1 a 1000 objetos', example: 'Ejemplo para esta tabla',
    batchHint: 'Aquí llega la respuesta, con cada error junto a su fila.', notJson: 'Esto no es JSON', notArray: 'Las filas deben ser un array JSON.', row: 'Fila', why: 'Por qué',
    rowIn: 'está dentro', rowGood: 'es buena', rowOut: 'es buena, pero no se guardó nada',
    loads: 'Cargas', running: 'En curso', nothingRuns: 'No hay nada en curso.', kind_load: 'Carga', kind_backup: 'Copia', kind_restore: 'Restauración',
    progressOf: '{0}: {1}', progressText: '{0} de {1}, {2} filas, {3} rechazadas, {4} s', ofLoad: 'Carga', source: 'Origen', by: 'Por', started: 'Inicio', status: 'Estado',
    read: 'Leídas', loaded: 'Cargadas', rejectedRows: 'Rechazadas', allTables: 'Todas las tablas', allLoads: 'Todas las cargas',
    st_loaded: 'cargada', st_partial: 'parcial', st_aborted: 'anulada', 'st_dry run': 'prueba',
    rejects: 'Rechazos', reason: 'Motivo', exportCsv: 'Exportar CSV', rj_open: 'abierto', rj_fixed: 'corregido', rj_reloaded: 'recargado', rj_dismissed: 'descartado',
    line: 'línea {0}', record: 'fila {0}', ofTable: 'carga {0}, {1}', mend: 'Corregir', dismiss: 'Descartar', mendSend: 'Insertar la fila corregida', whyDismiss: 'Por qué se descarta',
    mendHint: 'Un campo vacío toma el valor por defecto de su columna, o NULL.', noRaw: 'La fila no se guardó.', shown: '{0} rechazos a la vista', noRejects: 'Aquí no hay rechazos.',
    fixedNow: 'corregida: la fila está dentro', dismissedNow: 'descartada', summary: 'Qué está mal y qué lo arreglaría', column: 'Columna', pattern: 'Patrón', rows: 'Filas', proposal: 'Propuesta',
    useIt: 'Usar {0}', replay: 'Cargar otra vez los rechazos abiertos', alsoNull: 'Textos que significan NULL, entre comas', decimalMark: 'Signo decimal', asBefore: 'Como antes',
    tryIt: 'Probar sin guardar', replayNow: 'Cargarlas', tried: 'Se cargarían {0} de {1} filas; quedarían {2}.', replayed: '{0} de {1} filas están dentro; quedan {2}.',
    class_structure: 'estructura', class_encoding: 'codificación', class_type: 'tipo', class_not_null: 'falta', class_check: 'condición', class_unique: 'clave repetida',
    class_foreign_key: 'sin padre', class_exclusion: 'exclusión', class_domain: 'dominio', class_trigger: 'disparador', class_privilege: 'permiso',
    backups: 'Copias', backupNew: 'Hacer copia de una tabla', codec: 'Códec', backupNow: 'Hacer copia', backupAll: 'Todas las tablas en un mismo instante', restoreFile: 'Restaurar desde un archivo Avro', avroFile: 'Elija un archivo Avro', restoreAsk: 'Restaurar…',
    taken: 'Hecha', size: 'Tamaño', verified: 'Verificada', never: 'nunca', verify: 'Verificar', download: 'Descargar', compare: 'Comparar', dropBackup: 'Eliminar…', actions: 'Acciones',
    backedUp: 'Copia hecha: {0}', downloading: 'Descargando {0}: parte {1} de {2}', downloaded: 'Descargado: {0}', restored: '{0}: {1} filas restauradas.', dropped: 'Eliminada: {0}',
    restoreTitle: '¿Restaurar la tabla {0}?', factTable: 'Tabla', factNow: 'Filas ahora', factBackup: 'Filas de la copia', factTaken: 'Hecha', factFile: 'Archivo', factDiffers: 'Diferencia', differ: 'Difieren {0} filas.', about: 'unas {0}', unknown: 'no se sabe',
    mode_replace: 'Reemplazar: la tabla queda igual', mode_missing_only: 'Solo las filas que faltan', mode_upsert: 'Las que faltan, y encima de las que están', mode_append: 'Añadir',
    onError: 'Una fila mala', errorAbort: 'termina la restauración', errorReject: 'se anota', restoreTried: 'La prueba', typeName: 'Escriba {0} para confirmar', restoreNow: 'Restaurar',
    verifyTitle: 'Verificar {0}', level: 'Nivel', level_checksum: 'checksum: los bytes', level_decode: 'decode: se lee cada fila', level_plan: 'plan: cada fila frente a la tabla de hoy',
    level_restore: 'restore: en una tabla de prueba', verifyNow: 'Verificar', sound: 'La copia está sana.', notSound: 'La copia no está sana.', result: 'Resultado', passed: 'bien', problem: 'Problema',
    diffTitle: 'La tabla frente a {0}', same: 'La tabla es la que era entonces.', differs: 'Difieren {0} filas: faltan {1}, sobran {2}, cambiaron {3}.', change: 'Cambio', key: 'Clave',
    ch_missing: 'falta', ch_surplus: 'sobra', ch_changed: 'cambió', inBackup: 'En la copia', inTable: 'En la tabla',
    dropTitle: '¿Eliminar {0}?', dropSure: 'El archivo desaparece para siempre. Nada lo recupera.', dropNow: 'Eliminar',
  },
};

let language = localStorage.getItem('language') ?? (navigator.language.startsWith('es') ? 'es' : 'en');

export const spoken = () => language;
export function speak(other, { forLong = true } = {}) {
  language = other;
  if (forLong) localStorage.setItem('language', other);
}

// {0}, {1} … in the text are replaced by the values.
export const t = (key, ...values) => (words[language][key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[i]);
export const knows = (key) => key in words[language];

// Texts of the HTML.
export function translatePage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll('[data-t-label]')) node.setAttribute('aria-label', t(node.dataset.tLabel));
}

export const number = (n) => (n == null ? '' : Number(n).toLocaleString(language, { useGrouping: 'always' }));
export const decimal = (n, digits = 2) => (n == null ? '' : Number(n).toLocaleString(language, { useGrouping: 'always', maximumFractionDigits: digits }));
export const moment = (s) => (s ? new Date(s).toLocaleString(language, { dateStyle: 'short', timeStyle: 'medium' }) : '');
export function size(bytes) {
  if (bytes == null) return '';
  const step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(language, { maximumFractionDigits: 1 })} ${['B', 'kB', 'MB', 'GB'][step]}`;
}
