import { fromDashboard } from 'penstock-client/rxjs';
import { firstValueFrom, map } from 'rxjs';

const { points$, status$ } = fromDashboard('ws://127.0.0.1:8080'); // one socket for both
const watching = status$.subscribe(({ status }) => console.log(status));
const loads = points$.pipe(map((points) => points.map((m) => m.requests_per_second)));
console.log((await firstValueFrom(loads)).length <= 600);
watching.unsubscribe(); // the last subscriber closes the socket
