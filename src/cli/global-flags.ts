import { bool, type FlagValues, list, string } from './flags.ts';

/** Flags before the command. */
export const globalFlags = {
  config: string("Folder of the client's configuration", { shown: '"~/.docker"' }),
  context: string(
    'Context that names the engine (instead of BERTH_HOST, DOCKER_HOST and the current context)',
    { short: 'c' },
  ),
  debug: bool('Enable debug mode', { short: 'D' }),
  host: list('Engine to connect to: unix://, tcp:// or ssh://', { short: 'H' }),
  'log-level': string('Set the logging level ("debug", "info", "warn", "error", "fatal")', {
    short: 'l',
    initial: 'info',
  }),
  tls: bool('Use TLS; implied by --tlsverify'),
  tlscacert: string('Trust certs signed only by this CA', { shown: '"~/.docker/ca.pem"' }),
  tlscert: string('Path to TLS certificate file', { shown: '"~/.docker/cert.pem"' }),
  tlskey: string('Path to TLS key file', { shown: '"~/.docker/key.pem"' }),
  tlsverify: bool('Use TLS and verify the remote'),
  version: bool('Print version information and quit', { short: 'v' }),
} as const;

export type GlobalValues = FlagValues<typeof globalFlags>;
