import { ALL, describeScenarios } from './harness.ts';

const [combination] = ALL.slice(0, 1);
if (combination) describeScenarios(combination);
