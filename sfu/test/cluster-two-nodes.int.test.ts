import { runScenarios } from './cluster-support/run-scenarios.ts'
import { twoNodes } from './cluster-support/set-ups.ts'

runScenarios(twoNodes)
