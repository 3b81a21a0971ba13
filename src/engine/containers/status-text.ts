import type { ContainerState } from './record.ts';

/** `Up 3 days`, `Exited (137) 2 hours ago`, `Created` ...: the STATUS column of `docker ps`. */
export function statusText(state: ContainerState, now = Date.now()): string {
  switch (state.status) {
    case 'running':
      return `Up ${ago(state.startedAt, now)}${healthText(state)}`;
    case 'paused':
      return `Up ${ago(state.startedAt, now)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${ago(state.finishedAt, now)} ago`;
    case 'exited':
      return `Exited (${state.exitCode}) ${ago(state.finishedAt, now)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
  }
}

function healthText({ health }: ContainerState): string {
  if (health === undefined) return '';
  return health.status === 'starting' ? ' (health: starting)' : ` (${health.status})`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function ago(time: string, now: number): string {
  return humanDuration(Math.max(0, (now - Date.parse(time)) / 1000));
}

/** A length of time in seconds as Docker's clients and engine word it. */
function humanDuration(length: number): string {
  const seconds = Math.floor(length);
  const minutes = Math.floor(seconds / MINUTE);
  const hours = Math.round(seconds / HOUR);
  const days = Math.floor(hours / 24);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < MINUTE) return `${seconds} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  if (seconds < 2 * 365 * DAY) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(days / 365)} years`;
}
