#!/usr/bin/env node
// Plain JavaScript, since it registers tsx, through which all TypeScript here runs.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
