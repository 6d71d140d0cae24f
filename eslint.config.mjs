/**
 * What needs types to be seen: forgotten members of a union, promises that nobody waits for, `any` from outside.
 * Everything else is Biome's. In the pure libs, also no clock and no randomness.
 */
import tseslint from 'typescript-eslint';

const PURE_LIBS = ['linux-net', 'verdict', 'parsers', 'netsim', 'cni'].map((lib) => `libs/${lib}/src/**/*.ts`);
const TESTS = ['**/*.test.ts', '**/testing/**', '**/testing.ts', '**/*.bench.ts'];

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/.types/**',
      '**/generated/**',
      '**/native/**',
      '**/fixtures/**',
      'tests/**',
      'bench/**',
      'scripts/**',
      '*.mjs',
      '*.ts',
    ],
  },
  {
    files: ['{libs,services,clients}/*/src/**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        // One program for all packages: one for each takes minutes, since each loads the others' sources again.
        project: ['tsconfig.eslint.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
    },
  },
  {
    // Matchers such as expect.objectContaining() are typed any.
    files: TESTS,
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    files: PURE_LIBS,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'Date', message: 'A diagnosis is a pure function of its snapshot: times come in it.' },
        { name: 'performance', message: 'No clock in the core.' },
        { name: 'process', message: 'No process in the core.' },
        { name: 'setTimeout', message: 'No timers in the core.' },
        { name: 'fetch', message: 'No I/O in the core.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'The same snapshot must give the same verdict.' },
        { object: 'crypto', property: 'randomUUID', message: 'The same snapshot must give the same verdict.' },
        { object: 'globalThis', property: 'Date', message: 'No clock in the core.' },
      ],
    },
  },
);
