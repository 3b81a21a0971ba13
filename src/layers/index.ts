export * from './compression.ts';
export * from './digest.ts';
export * from './pins.ts';
export * from './tar/entry.ts';
export * from './tar/reader.ts';
export * from './tar/writer.ts';
