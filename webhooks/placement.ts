import type { Hook, HookContext } from '../core/admission/hook.ts'
import { patchOf } from '../core/admission/patch.ts'
import type { AdmissionRequest, KubeObject, PatchOp, Verdict } from '../core/admission/types.ts'
import { allow, deny } from '../core/admission/verdicts.ts'
import { deepEqual } from '../core/equal.ts'
import { nearest } from '../core/nearest.ts'
import { demandOf } from '../core/placement/demand.ts'
import { selectionOf, storedSelection } from '../core/placement/grammar/annotations.ts'
import { controllerMade } from '../core/placement/injection/controller-made.ts'
import { inject, injectionEdits } from '../core/placement/injection/inject.ts'
import { markerText, parseMarker } from '../core/placement/injection/marker.ts'
import { isUntouched } from '../core/placement/injection/untouched.ts'
import { hash80, PREFIX } from '../core/placement/labels.ts'
import { reportName, selectionUsage } from '../core/placement/report/report-usage.ts'
import type { Kind, Row, Selection } from '../core/placement/types.ts'
import {
  placementAnnotations,
  podTemplate,
  rawAnnotations,
  replicasOf,
} from '../core/placement/workload.ts'
import { Refusal } from '../core/refusal.ts'
import type { Caps } from './caps.ts'
import { placement as declaration } from './placement.declaration.ts'
import { preview } from './preview.ts'
import type { View } from './view.ts'

/**
 * Annotation of the workload: digest of the placement annotations that were looked at. The admission
 * policy refuses a change of them that did not change it, so that none is stored past the webhook.
 */
const PLACED = `${PREFIX}placed`

/** The API server appends to as many characters of a generateName. */
const GENERATED_FROM = 58

/** Writes node affinity for geographic annotations into the pod template of a workload. */
export function placementHook(view: View, caps: Caps): Hook {
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
    const { object, oldObject } = this.#request
    if (!object || controllerMade(this.#request)) return allow()
    const dying = oldObject?.metadata.deletionTimestamp !== undefined
    try {
      return dying ? allow(this.#patch(object, undefined)) : await this.#place(object, signal)
    } catch (error) {
      // Nothing may stand in the way of finalizers, nor of an edit of something else.
      const excused = dying || isUntouched(this.#kind, object, oldObject)
      if (error instanceof Refusal && excused) return allow()
      throw error
    }
  }

  async #place(object: KubeObject, signal: AbortSignal): Promise<Verdict> {
    const selection = selectionOf(this.#kind, object)
    if (!selection) return allow(this.#patch(object, selection))
    await this.#view.whenSynced(signal)
    const stored = this.#stored(object, selection)
    await this.#checkAreas(selection, stored, signal)
    const patch = this.#patch(object, selection)
    const refusal = this.#checkCaps(selection, stored)
    if (refusal) return deny(403, refusal.code, refusal.message, refusal.field)
    return allow(patch, this.#preview(object, selection))
  }

  /** What the object as stored asks for; undefined also where that cannot be read. */
  #stored(object: KubeObject, selection: Selection): Selection | undefined {
    const { oldObject } = this.#request
    if (!oldObject) return undefined
    const raw = (each: KubeObject) => rawAnnotations(this.#kind, each)
    if (deepEqual(raw(object), raw(oldObject))) return selection
    const stored = storedSelection(this.#kind, oldObject)
    return stored === 'unreadable' ? undefined : stored
  }

  /** An area that the workload referred to before may be gone: that is reported, and hinders no other edit. */
  async #checkAreas(
    { rows }: Selection,
    stored: Selection | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const known = new Set(areaNames(stored?.rows ?? []))
    for (const name of areaNames(rows)) {
      if (known.has(name) || (await this.#view.hasArea(name, signal))) continue
      const similar = nearest(name, [...this.#view.areaNames()])
      throw new Refusal(
        'EDGENET_AREA_UNKNOWN',
        `metadata.annotations[${PREFIX}area]`,
        `there is no GeoArea "${name}"${similar ? `; did you mean ${similar}?` : ''} (kubectl get geoareas lists them)`,
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

  #checkCaps(selection: Selection, stored: Selection | undefined): Refusal | undefined {
    const { object, dryRun = false, uid } = this.#request
    const { generateName = '' } = object?.metadata ?? {}
    const name = this.#request.name || object?.metadata.name
    const keyOf = (text: string) => `${this.#namespace}/${reportName(this.#kind, text)}`
    const claim = {
      key: keyOf(name || generateName + uid),
      ...(!name && { prefix: keyOf(generateName.slice(0, GENERATED_FROM)) }),
      wanted: selectionUsage(selection),
      stored: stored && selectionUsage(stored),
    }
    return this.#caps.check(claim, dryRun)
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

const areaNames = (rows: readonly Row[]): string[] =>
  rows
    .flatMap((row) => [...row.anyOf, ...row.noneOf])
    .flatMap((area) => (area.kind === 'named' ? area.name : []))
