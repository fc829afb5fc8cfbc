/**
 * The words in which Nacos refuses. Users search for them and some clients look into them (PHP
 * decides "create it" by `not found`), so they are kept to the letter, odd grammar included.
 */

export function isRequired(name: string): string {
  return `Param '${name}' is required.`
}

/** What Java's number parsers say. */
export function notANumber(text: string): string {
  return `For input string: "${text}"`
}

export function tooManyParameters(max: number): string {
  return `more than ${max} parameters`
}

export const SERVICE_NAME_FORM =
  "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'"

export const GROUP_NAME_EMPTY = "Param 'serviceName' is illegal, groupName can't be empty"

export function metadataIncorrect(text: string): string {
  return `metadata format incorrect:${text}`
}

export function metadataTooLong(bytesMax: number): string {
  return `Param 'metadata' is illegal, the param length should not exceed ${bytesMax}.\n`
}

export function metadataTooMany(keysMax: number): string {
  return `Param 'metadata' is illegal, it should not have more than ${keysMax} keys.\n`
}

export const BEAT_INCORRECT = "Param 'beat' is illegal, it should be a JSON object."

export const SELECTOR_INCORRECT =
  "Param 'selector' is illegal, it should be a JSON object of type 'none' or 'label'."

// Nacos 1.x texts of PUT and PATCH /instance.

export function serviceMissingForUpdate(namespace: string, service: string): string {
  return `service not found, namespace: ${namespace}, service: ${service}`
}

export function instanceMissingForUpdate(instanceJson: string): string {
  return `instance not exist: ${instanceJson}`
}

export const INSTANCE_NOT_FOUND = 'instance not found'

// GET /instance.

export function noService(service: string): string {
  return `no service ${service} found!`
}

export function noIpsInCluster(cluster: string, service: string): string {
  return `no ips found for cluster ${cluster} in service ${service}`
}

export const NO_MATCHED_IP = 'no matched ip found!'

// The service API.

export function serviceExists(service: string): string {
  return `specified service already exists, serviceName : ${service}`
}

export function serviceMissing(service: string): string {
  return `service ${service} not found!`
}

export function serviceIsNotFound(service: string): string {
  return `service ${service} is not found!`
}

export function serviceNotEmpty(service: string): string {
  return `Service ${service} is not empty, can't be delete. Please unregister instance first`
}

// Everything.

/** The missing blank is Nacos' own. */
export function serverIs(status: string): string {
  return `server is ${status}now, please try again later!`
}

export function noSuchApi(method: string, path: string): string {
  return `no such api:${method}:${path}`
}
