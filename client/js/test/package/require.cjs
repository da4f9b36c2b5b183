// Node.js takes ES modules in require() since 20.19 and 22.12.
const assert = require('node:assert');
const { PredictClient } = require('penstock-client');
const { fromDashboard } = require('penstock-client/rxjs');

assert.equal(typeof PredictClient, 'function');
assert.equal(typeof fromDashboard, 'function');
