import tseslint from 'typescript-eslint';

const environmentRule = {
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Only libs/config reads the environment.' },
  ],
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.exai/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...environmentRule,
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Function']", message: 'No code from strings.' },
        {
          selector: 'CallExpression[callee.name=/^(exec|execSync)$/]',
          message: 'No shell: spawn a fixed path with an argument array.',
        },
      ],
    },
  },
  {
    // Constructor injection needs the class as a value: Nest reads it from the emitted metadata.
    files: ['apps/{gateway,worker,standalone}/**/*.ts', 'libs/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  { files: ['libs/config/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['**/*.spec.ts', '**/*.e2e-spec.ts', 'test/**/*.ts'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['libs/tools/src/definitions/**/*.ts', 'libs/persistence/src/migrations/**/*.ts'],
    rules: { 'max-lines': 'off' },
  },
);
