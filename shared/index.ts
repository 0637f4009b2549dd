export { BlockragError } from './errors.ts';
