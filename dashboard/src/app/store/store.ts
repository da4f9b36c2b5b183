import { Injectable } from '@angular/core';
import { AccessState } from '../access/access.state';
import { InboxState } from '../access/inbox.state';
import { LiveState } from '../live/live.state';
import { ModelsState } from '../models/models.state';
import { QualityState } from '../quality/quality.state';
import { ShellState } from '../shell/shell.state';
import { ViewState } from './view.state';

/**
 * All that the page knows, in signals, but for what Try alone does (TRIAL). Components read it and render; the
 * links (folder link) and people's actions change it, through the methods of
 * its parts and nowhere else.
 */
@Injectable({ providedIn: 'root' })
export class Store {
  readonly view = new ViewState();
  readonly access = new AccessState();
  readonly inbox = new InboxState();
  readonly shell = new ShellState();
  readonly live = new LiveState(this.view);
  readonly quality = new QualityState(this.view);
  readonly models = new ModelsState();
}
