import { ChangeDetectionStrategy, Component, effect, type ElementRef, inject, input, viewChild } from '@angular/core';
import { Palette } from '../live/palette';

/** A picture of so many rows and columns, by numbers from 0 to 1: light on dark, or as a map in a colour. */
@Component({
  selector: 'ps-pixels',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<canvas #view role="img" [class.map]="map()" [attr.aria-label]="label()"></canvas>`,
})
export class Pixels {
  readonly values = input.required<readonly (number | null)[]>();
  readonly shape = input.required<readonly [number, number]>();
  readonly label = input.required<string>();
  readonly map = input(false);
  private readonly view = viewChild.required<ElementRef<HTMLCanvasElement>>('view');

  constructor() {
    const palette = inject(Palette);
    effect(() => {
      palette.version(); // the colours may be others
      const [rows, columns] = this.shape(), values = this.values();
      const canvas = this.view().nativeElement, ctx = canvas.getContext('2d')!;
      canvas.width = columns;
      canvas.height = rows;
      ctx.fillStyle = this.map() ? palette.colour('--series-alarm') : '#fff';
      for (let i = 0; i < rows * columns; i++) {
        ctx.globalAlpha = Math.min(1, Math.max(0, values[i] ?? 0));
        ctx.fillRect(i % columns, Math.floor(i / columns), 1, 1);
      }
    });
  }
}
