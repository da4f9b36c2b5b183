import { type ComponentRef, Directive, effect, inject, input, type Type, untracked, ViewContainerRef } from '@angular/core';

/** Shows a component that a table of views names, with an input that it takes. Angular's own directive for this can more, and weighs more. */
@Directive({ selector: '[psPart]' })
export class Part {
  readonly psPart = input.required<Type<unknown>>();
  /** For the input `model` of the component, where it has one. */
  readonly psPartModel = input<unknown>();
  private readonly place = inject(ViewContainerRef);

  constructor() {
    let shown: ComponentRef<unknown>;
    effect(() => {
      const type = this.psPart();
      untracked(() => {
        this.place.clear();
        shown = this.place.createComponent(type);
      });
    });
    effect(() => {
      this.psPart();
      const model = this.psPartModel();
      if (model !== undefined) shown.setInput('model', model);
    });
  }
}
