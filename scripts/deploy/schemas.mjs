/** Validators of files for other programs, with the schemas inside their packages: nothing is fetched. */
import { DCLinter } from 'dclint'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim'
import { Secret } from 'kubernetes-models/v1/Secret'
import { Service } from 'kubernetes-models/v1/Service'

const kinds = {
  'apps/v1 DaemonSet': DaemonSet,
  'apps/v1 Deployment': Deployment,
  'apps/v1 StatefulSet': StatefulSet,
  'networking.k8s.io/v1 Ingress': Ingress,
  'v1 ConfigMap': ConfigMap,
  'v1 Namespace': Namespace,
  'v1 PersistentVolumeClaim': PersistentVolumeClaim,
  'v1 Secret': Secret,
  'v1 Service': Service,
}

/**
 * What is wrong with a manifest; '' when nothing is. Kubernetes's schema lets names pass that it does not know.
 *
 * @param {any} manifest
 * @returns {string}
 */
export function manifestFault(manifest) {
  const Kind = kinds[`${manifest?.apiVersion} ${manifest?.kind}`]
  if (!Kind) return `no such kind: ${manifest?.apiVersion} ${manifest?.kind}`
  try {
    new Kind(manifest).validate()
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * What the Compose specification's schema, which knows all names, has against a file.
 *
 * @param {string} file
 * @returns {string[]}
 */
export function composeFaults(file) {
  const [result] = new DCLinter({ quiet: true, debug: false, exclude: [], rules: {} }).lintFiles(
    [file],
    false,
  )
  return (result?.messages ?? [])
    .filter(({ rule }) => rule === 'invalid-schema' || rule === 'invalid-yaml')
    .map(({ line, message }) => `${line}: ${message}`)
}
