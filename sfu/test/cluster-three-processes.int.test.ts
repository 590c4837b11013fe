import { runScenarios } from './cluster-support/run-scenarios.ts'
import { threeProcesses } from './cluster-support/set-ups.ts'

runScenarios(threeProcesses)
