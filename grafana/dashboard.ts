/** The few words of Grafana's dashboard JSON that the boards are written in. */

export interface Board {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly sections: readonly Section[]
}

/** One row of the board: a question and the panels that answer it. */
export interface Section {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Panel {
  readonly title: string
  /** What one sees, and what to think of it. */
  readonly description: string
  readonly kind: 'timeseries' | 'stat'
  /** A unit of Grafana: `reqps`, `s`, `bytes`, `percentunit`, `short`. */
  readonly unit: string
  /** Of 24 columns. */
  readonly width: number
  readonly queries: readonly Query[]
}

export interface Query {
  /** PromQL; `$S` stands for the labels that the variables at the top choose. */
  readonly expr: string
  readonly legend: string
}

const SELECTION = 'job=~"$job",instance=~"$instance"'
const SOURCE = { type: 'prometheus', uid: '${datasource}' }
const HEIGHTS = { timeseries: 8, stat: 4 }
const COLUMNS = 24

/** A counter's rate per second. */
export function rate(metric: string): string {
  return `rate(${metric}[$__rate_interval])`
}

/** A quantile of a histogram; `by` are the labels to keep. */
export function quantile(q: number, metric: string, by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`
  return `histogram_quantile(${q}, sum by (${labels}) (${rate(`${metric}_bucket{$S}`)}))`
}

export function exprOf({ expr }: Query): string {
  return expr.replaceAll('$S', SELECTION)
}

/** The JSON that Grafana reads; schema 39 opens in Grafana 10.4 and later. */
export function renderBoard(board: Board): object {
  return {
    id: null,
    uid: board.uid,
    title: board.title,
    description: board.description,
    tags: ['cairn'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables() },
    links: [{ type: 'dashboards', tags: ['cairn'], title: 'Cairn', asDropdown: true }],
    annotations: { list: [] },
    panels: place(board.sections),
  }
}

function variables(): readonly object[] {
  const datasource = {
    name: 'datasource',
    label: 'Source',
    type: 'datasource',
    query: 'prometheus',
  }
  return [datasource, choose('job', ''), choose('instance', '{job=~"$job"}')]
}

function choose(label: string, selector: string): object {
  const query = `label_values(cairn_build_info${selector}, ${label})`
  return {
    name: label,
    type: 'query',
    datasource: SOURCE,
    definition: query,
    query: { query, refId: label },
    // 2: whenever the time range changes.
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
    sort: 1,
  }
}

/** Panels from left to right, as many lines as they need, below the head of their section. */
function place(sections: readonly Section[]): readonly object[] {
  const placed: object[] = []
  let y = 0
  for (const { title, panels } of sections) {
    const id = placed.length + 1
    placed.push({ id, type: 'row', title, collapsed: false, panels: [], gridPos: at(0, y, 24, 1) })
    y += 1
    let [x, tallest] = [0, 0]
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0]
      const h = HEIGHTS[panel.kind]
      placed.push(renderPanel(panel, placed.length + 1, at(x, y, panel.width, h)))
      x += panel.width
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return placed
}

function at(x: number, y: number, w: number, h: number): object {
  return { x, y, w, h }
}

function renderPanel(panel: Panel, id: number, gridPos: object): object {
  const { title, description, kind, unit } = panel
  const targets = panel.queries.map((query, i) => ({
    refId: String.fromCodePoint(65 + i),
    datasource: SOURCE,
    expr: exprOf(query),
    legendFormat: query.legend,
    instant: kind === 'stat',
    range: kind !== 'stat',
  }))
  const defaults = kind === 'stat' ? { unit } : { unit, min: 0, custom: { fillOpacity: 8 } }
  const fieldConfig = { defaults, overrides: [] }
  const base = { id, type: kind, title, description, datasource: SOURCE, gridPos, fieldConfig }
  return { ...base, targets, options: kind === 'stat' ? STAT : GRAPH }
}

const STAT = {
  colorMode: 'none',
  graphMode: 'none',
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  textMode: 'auto',
}
const GRAPH = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
}
