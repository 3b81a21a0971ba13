export { exitCode, type Result, type RunOptions, run, succeed } from './command.ts';
export { type EngineOptions, PATIENCE, startEngine, TestEngine } from './engine.ts';
export { type Answer, type RequestOptions, request } from './http.ts';
export { needs } from './peers.ts';
export { proves } from './proves.ts';
export { type PtyOptions, spawnPty, type Terminal } from './pty.ts';
export { usedRequest } from './usage.ts';
