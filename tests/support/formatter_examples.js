// node formatter_examples.js FORMATTER <[[routine, input], ...]: prints what each call gives, as JSON. As the device repository's runner: a
// fresh engine a call, input and output through JSON, nothing in the engine but JavaScript.
'use strict';
const fs = require('fs');
const vm = require('vm');

const script = new vm.Script(fs.readFileSync(process.argv[2], 'utf8'));
const calls = JSON.parse(fs.readFileSync(0, 'utf8'));
const outputs = calls.map(([routine, input]) => {
  const context = vm.createContext({});
  script.runInContext(context);
  return JSON.parse(vm.runInContext(`JSON.stringify(${routine}(${JSON.stringify(input)}))`, context, { timeout: 1000 }));
});
process.stdout.write(JSON.stringify(outputs));
