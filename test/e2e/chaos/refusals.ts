/** What an engine may say to a client for which the state is another than it thought, in the words of its errors. */
const RIGHTFUL = [
  /No such (container|object)/,
  /is not running/,
  /(is|is already|cannot start a) paused/,
  /is not paused/,
  /already in use/,
  /same name as its current name/,
  /removal of container .* is already in progress/,
  /marked for removal/,
  /cannot remove container .*: container is (running|paused|restarting)/,
  // It was killed together with its container, or came too late to be started.
  /exec .*: exit code (126|137|255)/,
  /exec failed: .*(the container has ended|not running|No such file)/i,
  // It was made, and the container was paused or ended before it was started; the official client keeps the reason to itself.
  /unable to upgrade to tcp, received 409/,
  // The official client keeps to itself why it could not look: there is no such container.
  /destination .* must be a directory/,
];

/** What is right besides while the engine dies: an exec does not outlive it. */
const AT_DEATH = [/No such exec/];

/** Whether a refusal is right for some order of events. */
export function isRightfulRefusal(message: string, died: boolean): boolean {
  return [...RIGHTFUL, ...(died ? AT_DEATH : [])].some((pattern) => pattern.test(message));
}
