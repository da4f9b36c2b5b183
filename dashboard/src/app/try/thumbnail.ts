import { ChangeDetectionStrategy, Component, DestroyRef, effect, type ElementRef, inject, input, viewChild } from '@angular/core';
import { Frames } from '../link/frames';
import { SIDE } from './mnist';

/** 28 × 28 pixels as the model sees them: light on dark, as in MNIST. */
@Component({
  selector: 'ps-thumbnail',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<canvas #view width="28" height="28" role="img" [attr.aria-label]="label()"></canvas>`,
})
export class Thumbnail {
  readonly pixels = input.required<Float32Array | null>();
  readonly label = input.required<string>();
  private readonly view = viewChild.required<ElementRef<HTMLCanvasElement>>('view');

  constructor() {
    const frames = inject(Frames);
    effect(() => {
      const pixels = this.pixels();
      frames.next(this, () => this.draw(pixels));
    });
    inject(DestroyRef).onDestroy(() => frames.drop(this));
  }

  private draw(pixels: Float32Array | null): void {
    const ctx = this.view().nativeElement.getContext('2d')!;
    const image = ctx.createImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const v = Math.round(255 * (pixels?.[i] ?? 0));
      image.data.set([v, v, v, 255], 4 * i);
    }
    ctx.putImageData(image, 0, 0);
  }
}
