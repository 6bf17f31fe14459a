import type { Hook, HookContext } from '../core/admission/hook.ts'
import { patchOf } from '../core/admission/patch.ts'
import type { AdmissionRequest, KubeObject, PatchOp, Verdict } from '../core/admission/types.ts'
import { allow, deny } from '../core/admission/verdicts.ts'
import { nearest } from '../core/nearest.ts'
import { demandOf } from '../core/placement/demand.ts'
import { selectionOf } from '../core/placement/grammar/annotations.ts'
import { controllerMade } from '../core/placement/injection/controller-made.ts'
import { inject, injectionEdits } from '../core/placement/injection/inject.ts'
import { markerText, parseMarker } from '../core/placement/injection/marker.ts'
import { hash80, PREFIX } from '../core/placement/labels.ts'
import { reportName, selectionUsage } from '../core/placement/report/report-usage.ts'
import type { Kind, Selection } from '../core/placement/types.ts'
import { placementAnnotations, podTemplate, replicasOf } from '../core/placement/workload.ts'
import { Refusal } from '../core/refusal.ts'
import { Caps } from './caps.ts'
import { placement as declaration } from './placement.declaration.ts'
import { preview } from './preview.ts'
import type { View } from './view.ts'

/**
 * Annotation of the workload: digest of the placement annotations that were looked at. The admission
 * policy refuses a change of them that did not change it, so that none is stored past the webhook.
 */
const PLACED = `${PREFIX}placed`

/** Writes node affinity for geographic annotations into the pod template of a workload. */
export function placementHook(view: View): Hook {
  const caps = new Caps(view)
  return {
    ...declaration,
    onError: 'deny',
    decide: (request, context) => new Decision(request, view, caps).decide(context),
  }
}

class Decision {
  readonly #request: AdmissionRequest
  readonly #view: View
  readonly #caps: Caps
  readonly #kind: Kind
  readonly #namespace: string

  constructor(request: AdmissionRequest, view: View, caps: Caps) {
    this.#request = request
    this.#view = view
    this.#caps = caps
    this.#kind = request.kind.kind as Kind
    this.#namespace = request.namespace ?? ''
  }

  async decide({ signal }: HookContext): Promise<Verdict> {
    const { object } = this.#request
    if (!object || controllerMade(this.#request)) return allow()
    const selection = selectionOf(this.#kind, object)
    if (selection) await this.#checkAreas(selection, signal)
    const patch = this.#patch(object, selection)
    if (!selection) return allow(patch)
    const refusal = this.#checkCaps(selection)
    if (refusal) return deny(403, refusal.code, refusal.message, refusal.field)
    return allow(patch, this.#preview(object, selection))
  }

  async #checkAreas({ rows }: Selection, signal: AbortSignal): Promise<void> {
    for (const area of rows.flatMap((row) => [...row.anyOf, ...row.noneOf])) {
      if (area.kind !== 'named' || (await this.#view.hasArea(area.name, signal))) continue
      const similar = nearest(area.name, [...this.#view.areaNames()])
      throw new Refusal(
        'EDGENET_AREA_UNKNOWN',
        `metadata.annotations[${PREFIX}area]`,
        `there is no GeoArea "${area.name}"${similar ? `; did you mean ${similar}?` : ''} (kubectl get geoareas lists them)`,
      )
    }
  }

  #patch(object: KubeObject, selection: Selection | undefined): PatchOp[] {
    const { operation, oldObject, uid, name } = this.#request
    const injection = inject({
      kind: this.#kind,
      namespace: this.#namespace,
      name: name || object.metadata.name,
      generateName: object.metadata.generateName,
      uid,
      operation: operation === 'UPDATE' ? 'UPDATE' : 'CREATE',
      object,
      oldObject,
      selection,
    })
    return patchOf(object, [
      ...(injection ? injectionEdits(this.#kind, injection) : []),
      { path: ['metadata', 'annotations', PLACED], value: this.#digest(object) },
    ])
  }

  #digest(object: KubeObject): string | undefined {
    const values = placementAnnotations(this.#kind, object)?.values
    return values && hash80(JSON.stringify([...values].sort()))
  }

  #checkCaps(selection: Selection): Refusal | undefined {
    const { object, dryRun = false, uid } = this.#request
    const name =
      this.#request.name || object?.metadata.name || `${object?.metadata.generateName}${uid}`
    const key = `${this.#namespace}/${reportName(this.#kind, name)}`
    return this.#caps.check(key, selectionUsage(selection), dryRun)
  }

  /** Advice is given to people: controllers do not read it. */
  #preview(object: KubeObject, selection: Selection): string[] {
    const { username } = this.#request.userInfo
    if (username.startsWith('system:serviceaccount:kube-system:')) return []
    const { metadata, spec, field } = podTemplate(this.#kind, object)
    const marker = parseMarker(markerText(metadata))
    const rows = marker?.rows.flatMap(({ id, use }) =>
      use === undefined ? [] : ([[id, use]] as const),
    )
    const replicas = replicasOf(this.#kind, object)
    return preview(
      {
        workload: `${this.#namespace}/${this.#kind}/${this.#request.name || object.metadata.name}`,
        selection,
        demand: demandOf(spec, marker, `${field}.spec`),
        current: this.#view.labelled(new Map(rows)),
        ...(replicas !== undefined && { replicas }),
      },
      this.#view,
    )
  }
}
