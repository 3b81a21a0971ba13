import { CliError } from './errors.ts';

/** An image as a user names it. */
export interface ImageReference {
  /** In its usual short form, with the tag `latest` where none was given. */
  readonly familiar: string;
  /** Name without tag and digest, short form. */
  readonly repository: string;
  /** Name without tag and digest, with its registry: `docker.io/library/busybox`. */
  readonly canonical: string;
  readonly tag: string;
  readonly digest: string;
  /** False for an image ID, which no registry knows. */
  readonly named: boolean;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const DOMAIN =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][\\w.-]{0,127}))?(?:@([a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$`,
);

/** Reads `[host[:port]/]name[:tag][@digest]` or an image ID. Throws CliError with exit code 125. */
export function parseReference(text: string): ImageReference {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) {
    return { familiar: text, repository: '', canonical: '', tag: '', digest: text, named: false };
  }
  const match = REFERENCE.exec(text);
  if (!match) throw new CliError(invalidReference(text), 125);
  const repository = match[1]!.replace(/^(index\.)?docker\.io\/(library\/(?=[^/]+$))?/, '');
  const digest = match[3] ?? '';
  const tag = match[2] ?? (digest ? '' : 'latest');
  const familiar = `${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
  return { familiar, repository, canonical: canonicalName(repository), tag, digest, named: true };
}

/** The first part is a registry when it looks like a host; without one Docker Hub is meant. */
function canonicalName(repository: string): string {
  const [first = ''] = repository.split('/');
  if (
    repository.includes('/') &&
    (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  )
    return repository;
  return repository.includes('/') ? `docker.io/${repository}` : `docker.io/library/${repository}`;
}

/** Why a reference cannot be read. */
export function invalidReference(text: string): string {
  const name = text.replace(/(:[\w.-]+)?(@.*)?$/, '');
  const path =
    name.includes('/') && /[.:]|^localhost$/.test(name.split('/')[0]!)
      ? name.slice(name.indexOf('/') + 1)
      : name;
  if (/[A-Z]/.test(path) && REFERENCE.test(text.toLowerCase())) {
    const shown = path.includes('/') || path !== name ? path : `library/${path}`;
    return `invalid reference format: repository name (${shown}) must be lowercase`;
  }
  return 'invalid reference format';
}
