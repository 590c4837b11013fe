import fc from 'fast-check'

/** The part of protobuf-es' reflection (FieldInfo) that is needed to make messages of any type. */
interface Field {
  kind: 'scalar' | 'enum' | 'message' | 'map'
  localName: string
  repeated: boolean
  oneof?: { localName: string } | undefined
  T: unknown
  V?: { kind: string; T: unknown }
  K?: number
}
export interface MessageClass<T> {
  readonly typeName: string
  readonly fields: { list(): readonly unknown[] }
  new (data?: never): T
}

/** Numbers of protobuf-es' ScalarType. */
const SCALAR = { bool: 8, string: 9, bytes: 12, float: 2, double: 1 }
const LONGS = new Set([3, 4, 6, 16, 18])
const UNSIGNED_LONGS = new Set([4, 6])
const UNSIGNED = new Set([13, 7])

const text = fc.oneof(
  fc.string({ maxLength: 30, unit: 'binary' }),
  fc.constantFrom('', 'TR_x', 'PA_x', '__proto__', 'constructor', 'ế'.repeat(20), '\0', 'a\r\nb'),
  fc.integer({ min: 100, max: 20_000 }).map(length => 'z'.repeat(length)),
)

function scalar(type: number): fc.Arbitrary<unknown> {
  if (type === SCALAR.bool) return fc.boolean()
  if (type === SCALAR.string) return text
  if (type === SCALAR.bytes) return fc.uint8Array({ maxLength: 200 })
  if (type === SCALAR.float) return fc.float()
  if (type === SCALAR.double) return fc.double()
  if (LONGS.has(type))
    return UNSIGNED_LONGS.has(type)
      ? fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
      : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  return UNSIGNED.has(type) ? fc.integer({ min: 0, max: 2 ** 32 - 1 }) : fc.integer()
}

function anyOf(field: { kind: string; T: unknown }, depth: number): fc.Arbitrary<unknown> {
  if (field.kind === 'scalar') return scalar(field.T as number)
  // Numbers that no value of the enum has are valid on the wire.
  if (field.kind === 'enum') return fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer())
  return messageOf(field.T as MessageClass<object>, depth - 1)
}

/**
 * Any message of a type, as its generated class describes it: every field may be absent, of any value of its type, and
 * nested down to `depth`.
 */
export function messageOf<T extends object>(type: MessageClass<T>, depth = 4): fc.Arbitrary<T> {
  if (depth <= 0) return fc.constant(new type())
  const plain: Record<string, fc.Arbitrary<unknown>> = {}
  const oneofs: Record<string, fc.Arbitrary<unknown>[]> = {}
  for (const field of type.fields.list() as Field[]) {
    if (field.kind === 'map') {
      const value = anyOf(field.V ?? { kind: 'scalar', T: SCALAR.string }, depth)
      const key = field.K === SCALAR.string ? text : scalar(field.K ?? SCALAR.string).map(String)
      plain[field.localName] = fc.dictionary(key as fc.Arbitrary<string>, value, { maxKeys: 4 })
    } else if (field.oneof) {
      const one = anyOf(field, depth).map(value => ({ case: field.localName, value }))
      oneofs[field.oneof.localName] = [...(oneofs[field.oneof.localName] ?? []), one]
    } else {
      const one = anyOf(field, depth)
      plain[field.localName] = field.repeated ? fc.array(one, { maxLength: 4 }) : one
    }
  }
  for (const [name, cases] of Object.entries(oneofs)) plain[name] = fc.oneof(...cases)
  return fc.record(plain, { requiredKeys: Object.keys(oneofs) }).map(data => new type(data as never))
}
