/** The first descriptor that a service manager hands over, see sd_listen_fds(3). */
const FIRST_LISTEN_FD = 3;

/** The listening sockets that the service manager opened for this process, sd_listen_fds(3). */
export function listenFds(): number[] {
  if (process.env.LISTEN_PID !== String(process.pid)) return [];
  const count = Number.parseInt(process.env.LISTEN_FDS ?? '', 10) || 0;
  return Array.from({ length: count }, (_, index) => FIRST_LISTEN_FD + index);
}
