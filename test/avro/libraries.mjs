// How the tests call the programs of this folder: one process per library, which reads or writes any number of files.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = process.env.FERRY_TEST_OUT ?? `${here}../../build/test`;
const jars = ['avro', 'jackson-core-asl', 'jackson-mapper-asl', 'joda-time', 'slf4j-api', 'slf4j-nop', 'snappy-java']
  .map((name) => `/usr/share/java/${name}.jar`).join(':');

// The libraries by the names that tests and their logs use, the codecs that each has of its own, and what it says of others.
export const libraries = {
  'avro-c': { codecs: ['null', 'deflate', 'snappy'], unknown: /unknown codec/ },
  'python3-avro': { codecs: ['null', 'deflate', 'snappy', 'zstandard'] },
  'libavro-java': { codecs: ['null', 'deflate', 'snappy'], unknown: /Unrecognized codec/ },
  avsc: { codecs: ['null', 'deflate'], unknown: /unknown codec/ },
};

// Builds what has to be built, if it is not there from an earlier test; to be called first.
export function prepare() {
  const [source, program] = [`${here}avro_c.cpp`, `${folder}/avro_c`];
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs)
    execFileSync('g++', ['-std=c++20', '-O1', '-o', program, source, '-lavro', '-lsimdjson']);
  const commands = {
    'avro-c': [program],
    'python3-avro': ['/usr/bin/python3', `${here}python_avro.py`], // the one that Debian's packages are for
    'libavro-java': ['java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', jars, `${here}JavaAvro.java`],
    avsc: [process.execPath, `${here}avsc.mjs`],
  };
  for (const name of Object.keys(libraries)) libraries[name].command = commands[name];
}

// Runs one command of a library; README.md says what its arguments are.
export async function run(name, ...args) {
  const [program, ...first] = libraries[name].command;
  await promisify(execFile)(program, [...first, ...args], { env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'Asia/Kathmandu' } });
}

// The lines of a file that a library has made.
export const linesOf = (path) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
