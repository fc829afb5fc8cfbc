/** The few calls of the Nacos Open API that tests make by hand. */
export class NacosApi {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** `ok`, or an error with what the server said. */
  async register(service: string, ip: string, port: number, more = ''): Promise<void> {
    const query = `serviceName=${service}&ip=${ip}&port=${port}${more}`
    const said = await this.call('POST', `/nacos/v1/ns/instance?${query}`)
    if (said !== 'ok') throw new Error(`register answered ${said}`)
  }

  /** Addresses in the list, healthy or not. */
  async listed(service: string): Promise<readonly string[]> {
    const text = await this.call('GET', `/nacos/v1/ns/instance/list?serviceName=${service}`)
    const { hosts } = JSON.parse(text) as { hosts: readonly { ip: string }[] }
    return hosts.map(({ ip }) => ip).toSorted()
  }

  async call(method: string, path: string): Promise<string> {
    const response = await fetch(this.#url + path, { method })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text
  }
}
