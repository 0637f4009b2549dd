#!/usr/bin/env node
// The one plain JavaScript file: it registers tsx, through which all TypeScript here runs.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
