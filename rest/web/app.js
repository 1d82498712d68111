// The dashboard as a whole: logging in and out, the view that the address names, both languages. The views are in files of
// their own, each with open, draw (in the language spoken now), forget, and close where it has something to stop.
import { at, forgetTables, guarded } from './asset?name=page.js';
import { backups } from './asset?name=backups.js';
import { batch } from './asset?name=batch.js';
import { load } from './asset?name=load.js';
import { loads } from './asset?name=loads.js';
import { metrics } from './asset?name=metrics.js';
import { rejects } from './asset?name=rejects.js';
import { logIn, logOut, may, person, whenOver } from './asset?name=session.js';
import { speak, spoken, t, translatePage } from './asset?name=words.js';

const views = { metrics, load, batch, loads, rejects, backups };
let open = null;
let health = null;

function wantedView() {
  const [name, argument] = location.hash.slice(1).split('/');
  const link = document.querySelector(`#views a[href="#${CSS.escape(name)}"]`);
  return link && may(link.dataset.needs) ? [name, argument] : ['metrics'];
}

// Shows the view of the address. The focus follows, but not when the page has just come.
function showView({ focus = true } = {}) {
  const [name, argument] = wantedView();
  if (open && open !== name) views[open].close?.();
  open = name;
  for (const section of document.querySelectorAll('.view')) section.hidden = section.id !== `view-${name}`;
  for (const link of document.querySelectorAll('#views a')) {
    if (link.getAttribute('href') === `#${name}`) {
      link.setAttribute('aria-current', 'page');
      link.scrollIntoView({ block: 'nearest', inline: 'center' });
    } else {
      link.removeAttribute('aria-current');
    }
  }
  document.title = `${t(name)} · pg_ferry`;
  if (focus) at(`${name}-title`).focus({ preventScroll: true });
  views[name].open(argument);
}

function drawHealth() {
  const version = health?.pg_ferry ? ` · ${health.pg_ferry}` : '';
  Object.assign(at('status'), { textContent: (health ? t('up') : t('down')) + version, className: `pill ${health ? 'good' : 'bad'}` });
}
async function askHealth() {
  health = await fetch('rpc/health').then((r) => (r.ok ? r.json() : null), () => null);
  drawHealth();
}

function drawPage() {
  translatePage();
  Object.assign(at('language'), { textContent: spoken() === 'en' ? 'Español' : 'English', lang: spoken() === 'en' ? 'es' : 'en' });
  at('login').hidden = Boolean(person());
  at('views').hidden = at('logout').hidden = !person();
  at('who').textContent = person() ? `${person().username} (${t(person().role)})` : '';
  for (const part of document.querySelectorAll('[data-needs]')) part.hidden = !may(part.dataset.needs);
  drawHealth();
}

whenOver((reason) => {
  if (open) views[open].close?.();
  open = null;
  for (const view of Object.values(views)) view.forget();
  forgetTables();
  for (const section of document.querySelectorAll('.view')) section.hidden = true;
  document.title = 'pg_ferry';
  drawPage();
  at('login-error').textContent = reason;
  at('login-form').elements.username.focus();
});

at('login-form').addEventListener('submit', guarded('login-error', async () => {
  const form = at('login-form');
  try {
    await logIn(form.elements.username.value, form.elements.password.value);
  } catch (error) {
    if (error.status === 429) throw new Error(t('locked', error.retryAfter ?? '?'));
    if (error.status === 401) throw new Error(t('wrong'));
    throw error;
  }
  form.reset();
  drawPage();
  showView();
}));
at('logout').addEventListener('click', guarded('login-error', logOut));
at('language').addEventListener('click', () => {
  speak(spoken() === 'en' ? 'es' : 'en');
  drawPage();
  if (!open) return;
  document.title = `${t(open)} · pg_ferry`;
  for (const view of Object.values(views)) view.draw();
});
at('skip').addEventListener('click', (event) => {
  event.preventDefault();
  at('main').focus();
});
addEventListener('hashchange', () => {
  if (person()) showView();
});

drawPage();
askHealth();
if (person()) showView({ focus: false });
