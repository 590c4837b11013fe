import { hash, verify } from '@node-rs/argon2'

/** Argon2id with the parameters of RFC 9106 §4 (second recommendation, less memory): about 30 ms. */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string): Promise<string> => hash(password, options)

/** False also for a stored value that is no hash, as of an account without a password. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, password)
  } catch {
    // A malformed hash cannot match; argon2 tells it by throwing.
    return false
  }
}
