// Shows what is in the registry: repositories, their tags, and the layers of an image. It asks the same API as every client.

const INDEX = /image\.index|manifest\.list/;
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const PAGE = 100;

const view = document.getElementById('view');
const filter = document.getElementById('filter');
const tokens = new Map();

/** An element with attributes and children; text is never read as HTML. */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') node.addEventListener('click', value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const link = (href, text) => el('a', { href }, text);
const code = (text) => el('code', {}, text);
const row = (...cells) => el('tr', {}, ...cells.map((cell) => (cell.nodeName === 'TD' ? cell : el('td', {}, cell))));
const size = (bytes, name = 'td') => el(name, { class: 'size' }, humanSize(bytes));

function table(heads, rows) {
  const head = el('tr', {}, ...heads.map((text) => el('th', text === 'Size' ? { class: 'size' } : {}, text)));
  return el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows));
}

function humanSize(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** One request to the registry, with a token where it wants one. The browser itself asks for passwords. */
async function ask(path, scope) {
  const headers = { Accept: path.includes('/manifests/') ? ACCEPT : '*/*' };
  if (tokens.has(scope)) headers.Authorization = `Bearer ${tokens.get(scope)}`;
  let answer = await fetch(path, { headers });
  const challenge = answer.headers.get('WWW-Authenticate') ?? '';
  if (answer.status === 401 && challenge.startsWith('Bearer')) {
    const field = (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
    const query = new URLSearchParams({ service: field('service'), scope, account: 'browser' });
    const given = await fetch(`${field('realm')}?${query}`);
    if (!given.ok) throw new Error('you are not signed in');
    tokens.set(scope, (await given.json()).token);
    answer = await fetch(path, { headers: { ...headers, Authorization: `Bearer ${tokens.get(scope)}` } });
  }
  if (answer.ok) return answer;
  const text = await answer.json().catch(() => ({}));
  throw new Error(text.errors?.[0]?.message ?? `the registry answers ${answer.status}`);
}

const pull = (name) => `repository:${name}:pull`;
const manifestOf = async (name, reference) => (await ask(`/v2/${name}/manifests/${reference}`, pull(name))).json();

async function showRepositories() {
  const list = el('tbody');
  const more = el('p');
  const all = [];
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    list.replaceChildren(...all.filter((name) => name.includes(wanted)).map((name) => row(link(`#/${name}`, name))));
  };
  const load = async (path) => {
    const answer = await ask(path, 'registry:catalog:*');
    all.push(...(await answer.json()).repositories);
    const next = /<([^>]+)>/.exec(answer.headers.get('Link') ?? '')?.[1];
    more.replaceChildren(next ? el('button', { onclick: () => load(next) }, 'More') : '');
    show();
  };
  filter.oninput = show;
  await load(`/v2/_catalog?n=${PAGE}`);
  const nothing = el('p', { class: 'soft' }, 'Nothing has been pushed yet: ', code(`docker push ${location.host}/NAME:TAG`));
  return [el('h1', {}, 'Repositories'), all.length ? el('table', {}, list) : nothing, more];
}

async function showTags(name) {
  const { tags } = await (await ask(`/v2/${name}/tags/list`, pull(name))).json();
  const rows = tags.map((tag) => row(link(`#/${name}:${tag}`, tag), code(`docker pull ${location.host}/${name}:${tag}`)));
  return [el('h1', {}, name), rows.length ? table(['Tag', 'Pull'], rows) : el('p', { class: 'soft' }, 'There are no tags.')];
}

async function showImage(name, reference) {
  const answer = await ask(`/v2/${name}/manifests/${reference}`, pull(name));
  const digest = answer.headers.get('Docker-Content-Digest');
  const manifest = await answer.json();
  const separator = reference.startsWith('sha') ? '@' : ':';
  const title = el('h1', {}, link(`#/${name}`, name), `${separator}${reference.slice(0, 80)}`);
  const facts = el('p', { class: 'soft' }, code(digest));
  const parts = INDEX.test(manifest.mediaType ?? '') || manifest.manifests ? await showPlatforms(name, manifest) : await showLayers(name, manifest);
  return [title, facts, ...parts];
}

async function showPlatforms(name, index) {
  const rows = index.manifests.map(async ({ digest, platform, artifactType }) => {
    const { layers = [] } = await manifestOf(name, digest).catch(() => ({}));
    const what = platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/') : (artifactType ?? 'manifest');
    const total = layers.reduce((sum, layer) => sum + layer.size, 0);
    return row(link(`#/${name}@${digest}`, what), code(digest), size(total));
  });
  return [el('h2', {}, 'Platforms'), table(['Platform', 'Digest', 'Size'], await Promise.all(rows))];
}

async function showLayers(name, { config, layers }) {
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  const largest = Math.max(1, ...layers.map((layer) => layer.size));
  const image = /json$/.test(config.mediaType) ? await (await ask(`/v2/${name}/blobs/${config.digest}`, pull(name))).json().catch(() => ({})) : {};
  const steps = (image.history ?? []).filter((step) => !step.empty_layer);
  const rows = layers.map((layer, index) => {
    const bar = el('div', { class: 'bar' });
    bar.style.width = `${(100 * layer.size) / largest}%`;
    const step = steps.length === layers.length ? (steps[index].created_by ?? '') : '';
    return row(String(index + 1), el('td', {}, code(layer.digest), el('div', { class: 'soft' }, step), bar), size(layer.size));
  });
  const { Entrypoint = [], Cmd = [] } = image.config ?? {};
  const about = [
    ['Platform', [image.os, image.architecture].filter(Boolean).join('/')],
    ['Created', image.created ?? ''],
    ['Command', [...(Entrypoint ?? []), ...(Cmd ?? [])].join(' ')],
    ['Size', humanSize(total)],
  ].filter(([, text]) => text);
  return [
    el('table', {}, el('tbody', {}, ...about.map(([what, text]) => row(el('td', { class: 'soft' }, what), text)))),
    el('h2', {}, layers.length === 1 ? '1 layer' : `${layers.length} layers`),
    table(['', 'Layer', 'Size'], rows),
  ];
}

/** `#/`, `#/name`, `#/name:tag` and `#/name@digest`. */
function route() {
  const path = decodeURIComponent(location.hash.slice(2));
  filter.oninput = () => {
    location.hash = '#/';
  };
  const [, name, tag, digest] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(path) ?? [];
  if (!name) return showRepositories();
  return digest || tag ? showImage(name, digest ?? tag) : showTags(name);
}

let shown = 0;
async function show() {
  const turn = ++shown;
  const content = await route().catch((error) => [el('p', { class: 'error' }, error.message)]);
  // A slower answer to an earlier click comes too late.
  if (turn === shown) view.replaceChildren(...content);
}

addEventListener('hashchange', show);
show();
