/** Imported before the native SDK, whose debug lines would go to standard output. */
process.env.NODE_ENV = 'production'
