import { ALL, describeScenarios } from './harness.ts';

const [combination] = ALL.slice(1, 2);
if (combination) describeScenarios(combination);
