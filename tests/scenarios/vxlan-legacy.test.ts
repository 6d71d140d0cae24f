import { ALL, describeScenarios } from './harness.ts';

const [combination] = ALL.slice(2, 3);
if (combination) describeScenarios(combination);
