import { ALL, describeScenarios } from './harness.ts';

const [combination] = ALL.slice(3, 4);
if (combination) describeScenarios(combination);
