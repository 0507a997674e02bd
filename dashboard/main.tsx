import { render } from 'preact';
import { App } from './app.tsx';
import { enter } from './enter.ts';
import { preloadPage } from './pages.ts';
import { followLinks, place } from './view/router.ts';

followLinks();
const root = document.getElementById('app');
if (root) render(<App />, root);
void enter(null);
preloadPage(place.value.parts[0]);
