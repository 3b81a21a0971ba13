export * from './boolean.ts';
export * from './errors.ts';
export * from './filters.ts';
export * from './stdcopy.ts';
export * from './time.ts';
export * from './types/event.ts';
export * from './version.ts';
