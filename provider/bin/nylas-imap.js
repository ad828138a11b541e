#!/usr/bin/env node
// Not the built file itself: npm links a command when it installs, and that is before a fresh clone is built.
import "../bundle/cli.js";
