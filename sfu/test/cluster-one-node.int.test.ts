import { runScenarios } from './cluster-support/run-scenarios.ts'
import { oneNode } from './cluster-support/set-ups.ts'

runScenarios(oneNode)
