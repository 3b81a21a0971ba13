/**
 * `node:http` without its face of an ES module: that one reads every export once, `WebSocket` among them, which loads
 * undici. It would cost each start of the engine 20 ms, and 16 MB for as long as it runs.
 */
export const http = process.getBuiltinModule('node:http');
