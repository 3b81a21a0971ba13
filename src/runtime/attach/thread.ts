/**
 * The relay thread: the one place of the engine that may block in the kernel. It waits for the attach sockets of all
 * containers (SOCK_SEQPACKET, which Node cannot open) and for the end of processes, and serves them as they come.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import {
  close,
  connectSeqpacket,
  Epoll,
  pidfdOpen,
  READABLE,
  read,
  receiveFd,
  SyscallError,
  streamPair,
  WOULD_BLOCK,
} from '../../linux/index.ts';
import type { Answer, Command, ThreadData } from './protocol.ts';
import { Session } from './session.ts';
import { Spill } from './spill.ts';

const port = parentPort!;
const { wake, folder } = workerData as ThreadData;
const epoll = new Epoll();
const sessions = new Map<number, Session>();
const watched = new Map<number, number>();
const awaited = new Map<number, number>();
const wakeCount = Buffer.alloc(8);

function answer(message: Answer): void {
  port.postMessage(message);
}

function attach(command: Command & { kind: 'attach' }): void {
  const conmon = connectSeqpacket(command.path);
  const [relay, engine] = streamPair();
  const session = new Session(epoll, conmon, relay, command, new Spill(folder));
  sessions.set(conmon, session);
  sessions.set(relay, session);
  answer({ kind: 'got', id: command.id, fd: engine });
}

function watch(command: Command & { kind: 'watch' }): void {
  try {
    const fd = pidfdOpen(command.pid);
    watched.set(fd, command.id);
    epoll.add(fd, READABLE);
  } catch (error) {
    if (!(error instanceof SyscallError && error.code === 'ESRCH')) throw error;
    answer({ kind: 'ended', id: command.id });
  }
}

function receive(listening: number): void {
  const fd = receiveFd(listening);
  const id = awaited.get(listening);
  if (fd === WOULD_BLOCK || id === undefined) return;
  forget(listening);
  answer({ kind: 'got', id, fd });
}

function forget(listening: number): void {
  if (!awaited.delete(listening)) return;
  epoll.remove(listening);
  close(listening);
}

function obey(command: Command): void {
  try {
    if (command.kind === 'attach') attach(command);
    else if (command.kind === 'watch') watch(command);
    else if (command.kind === 'forget') forget(command.listening);
    else {
      awaited.set(command.listening, command.id);
      epoll.add(command.listening, READABLE);
    }
  } catch (error) {
    answer({
      kind: 'failed',
      id: command.id,
      message: error instanceof Error ? error.message : String(error),
    });
  }
}

function takeCommands(): void {
  read(wake, wakeCount);
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    obey(next.message as Command);
  }
}

function serve(fd: number, ready: number): void {
  const session = sessions.get(fd);
  if (session !== undefined) {
    if (!session.advance(fd, ready)) {
      sessions.delete(session.conmon);
      sessions.delete(session.relay);
    }
    return;
  }
  if (awaited.has(fd)) {
    receive(fd);
    return;
  }
  const id = watched.get(fd);
  if (id === undefined) return;
  watched.delete(fd);
  epoll.remove(fd);
  close(fd);
  answer({ kind: 'ended', id });
}

epoll.add(wake, READABLE);
answer({ kind: 'ready' });
for (;;) {
  for (const { fd, ready } of epoll.wait()) {
    if (fd === wake) takeCommands();
    else serve(fd, ready);
  }
}
