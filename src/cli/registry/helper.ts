import type { AuthConfig } from '../../client/index.ts';
import { CliError } from '../errors.ts';

/** The user's name under which helpers keep a token in place of a password. */
const TOKEN_USER = '<token>';

/** A program that keeps credentials, `docker-credential-NAME`, by the protocol of docker-credential-helpers. */
export class CredentialHelper {
  readonly #program: string;

  constructor(name: string) {
    this.#program = `docker-credential-${name}`;
  }

  /** Undefined when it has none for the server. Throws CliError. */
  async get(server: string): Promise<AuthConfig | undefined> {
    const { code, stdout, stderr } = await this.#run('get', server);
    if (code !== 0) {
      if (/credentials not found/.test(stdout + stderr)) return undefined;
      throw this.#failure('get', stdout || stderr);
    }
    let answer: { Username?: string; Secret?: string };
    try {
      answer = JSON.parse(stdout) as typeof answer;
    } catch {
      throw this.#failure('get', 'the answer is not JSON');
    }
    const { Username = '', Secret = '' } = answer;
    return Username === TOKEN_USER ? { identitytoken: Secret } : { username: Username, password: Secret };
  }

  async store(server: string, { username = '', password = '', identitytoken }: AuthConfig): Promise<void> {
    const Username = identitytoken ? TOKEN_USER : username;
    const input = JSON.stringify({ ServerURL: server, Username, Secret: identitytoken ?? password });
    const { code, stdout, stderr } = await this.#run('store', input);
    if (code !== 0) throw this.#failure('store', stdout || stderr);
  }

  async erase(server: string): Promise<void> {
    const { code, stdout, stderr } = await this.#run('erase', server);
    if (code !== 0 && !/credentials not found/.test(stdout + stderr))
      throw this.#failure('erase', stdout || stderr);
  }

  async #run(verb: string, input: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const { spawnSync } = await import('node:child_process');
    const { status, stdout, stderr, error } = spawnSync(this.#program, [verb], { input, encoding: 'utf8' });
    if (error) throw this.#failure(verb, error.message);
    return { code: status ?? 1, stdout, stderr };
  }

  #failure(verb: string, text: string): CliError {
    const doing = verb === 'get' ? 'getting' : verb === 'store' ? 'storing' : 'erasing';
    return new CliError(`error ${doing} credentials - err: ${this.#program}, out: \`${text.trim()}\``);
  }
}
