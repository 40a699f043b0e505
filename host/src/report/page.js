// The page: what is in view, the rows, and everything that reacts to mouse, fingers and keys.
(() => {
  const $ = id => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  if (!data.frames) return;
  const isTime = data.axis === "time", root = document.documentElement, stack = $("stack"), map = $("map");
  const MANY = 12, FRAME = data.step / data.width;
  const whole = { from: data.from, to: data.to };
  const events = data.events.filter(e => e.from !== null && e.to !== null).sort((a, b) => a.from - b.from);
  const view = { ...whole };
  let chosen = null, showAll = false, printing = false, colours = {};

  // Series ------------------------------------------------------------------------------------------------------------
  const scoreSeries = { over: unpack(data.score.over), p: unpack(data.score.p) };
  const edges = binEdges(data, Math.ceil(data.frames / data.width));
  const raw = data.width === 1, common = { edges, raw, step: data.step };
  const stretch = ([a, b]) => [edges[a], edges[Math.min(b, edges.length - 1)]];
  const warm = data.score.warm.map(stretch), alarmBins = data.score.alarm.map(stretch);
  const times = e => {
    const offsets = e.times && unpack(e.times), n = e.over.length / 4;
    return Float64Array.from({ length: n }, (_, k) => e.from + (offsets ? offsets[k] : k * (e.to - e.from) / Math.max(n - 1, 1)));
  };
  // States of the process, from shift to shift; without shifts nothing is said of states.
  const shifts = data.shifts.filter(s => s.at !== null);
  const states = !shifts.length ? [] : [{ from: whole.from, regime: 1, name: "regime 1" }, ...shifts.map(s => ({ from: s.at, regime: s.regime, name: s.state }))]
    .map((s, k, all) => ({ ...s, to: k + 1 < all.length ? all[k + 1].from : whole.to }));
  const excerpts = data.excerpts.map(e => ({ ...e, edges: times(e) }));

  function channelSeries(c) {
    const low = unpack(data.channels[c].min), high = data.channels[c].max ? unpack(data.channels[c].max) : low;
    const details = excerpts.filter(e => e.channels.some(pair => pair[0] === c)).map(e => {
      const y = unpack(e.channels.find(pair => pair[0] === c)[1]);
      return { edges: e.edges, low: y, high: y, raw: true };
    });
    return { bins: { ...common, low, high }, details };
  }
  function scoreRowSeries() {
    const details = excerpts.map(e => { const y = unpack(e.over); return { edges: e.edges, low: y, high: y, raw: true }; });
    return { bins: { ...common, low: scoreSeries.over, high: scoreSeries.over }, details };
  }

  // Rows --------------------------------------------------------------------------------------------------------------
  const make = (tag, className, parent, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const row = rows.find(r => r.node === entry.target);
      if (!row) continue;
      row.visible = entry.isIntersecting;
      // A thousand bitmaps would fill the memory of a phone.
      if (!row.visible) row.canvas.width = 0;
    }
    draw();
  }, { rootMargin: "200px" });
  let rows = [];
  const score = { title: "Score", unit: "dB over the limit", series: lazy(scoreRowSeries), isScore: true, gaps: [] };
  const channels = data.channels.map((c, k) => ({ title: c.name, unit: c.unit, series: lazy(() => channelSeries(k)), gaps: c.gaps.map(stretch) }));
  const cross = make("div", "cross", stack), crossText = make("span", "", cross), band = make("div", "band", stack);
  const axis = make("div", "axis", stack), axisCanvas = make("canvas", "", axis);
  axisCanvas.setAttribute("role", "img");

  function layRows() {
    for (const row of rows) { seen.unobserve(row.node); row.node.remove(); }
    const shown = channels.length <= MANY || showAll ? channels : data.order.slice(0, MANY).map(k => channels[k]);
    rows = [score, ...shown];
    for (const row of rows) {
      row.node = document.createElement("div");
      row.node.className = "row";
      const label = make("div", "label", row.node);
      make("span", "name", label, row.title);
      row.unitNode = make("span", "unit", label, row.unit);
      row.value = make("span", "value", label);
      row.canvas = make("canvas", "", row.node);
      row.canvas.setAttribute("role", "img");
      row.height = row.isScore ? 120 : shown.length <= 3 ? 150 : shown.length <= MANY ? 84 : 64;
      row.canvas.style.height = row.height + "px";
      row.visible = false;
      stack.insertBefore(row.node, axis);
      seen.observe(row.node);
    }
    const button = $("all");
    button.hidden = channels.length <= MANY;
    button.textContent = showAll
      ? `Show the ${MANY} channels most involved in alarms`
      : `Show all ${channels.length.toLocaleString("en")} channels (now: the ${MANY} most involved in alarms)`;
  }

  // Drawing -----------------------------------------------------------------------------------------------------------
  const gutter = () => stack.clientWidth < 560 ? 46 : 60;
  const frame = width => ({ left: gutter(), right: width - 10 });
  const placeX = (width, v = view) => {
    const { left, right } = frame(width), unit = (right - left) / (v.to - v.from);
    return value => left + (value - v.from) * unit;
  };
  const valueAt = px => {
    const { left, right } = frame(stack.clientWidth);
    return view.from + (Math.min(Math.max(px, left), right) - left) / (right - left) * (view.to - view.from);
  };
  const pixelsPerFrame = () => (stack.clientWidth - gutter()) * FRAME / (view.to - view.from);
  // Samples are shown where they say more than bins do, and are not so dense that the line becomes a band itself.
  const binsAreWide = () => pixelsPerFrame() * data.width > 1.5 && pixelsPerFrame() > 0.1;
  const inView = list => list.filter(e => e.to >= view.from && e.from <= view.to);
  const piecesOf = row => {
    const { bins, details } = row.series();
    return piecesIn(view, bins, details, !raw && binsAreWide());
  };
  const placeText = (place, extra = 0) => isTime ? clockText(place, Math.min(data.decimals + extra, 6)) : Math.round(place).toLocaleString("en");
  const lengthText = length => {
    if (!isTime) return Math.round(length).toLocaleString("en") + " frames";
    if (length < 1) return numberText(length * 1000, 3) + " ms";
    if (length < 60) return numberText(length, 3) + " s";
    const [big, unit, small, rest] = length < 3600 ? [60, "min", 1, "s"] : length < 86400 ? [3600, "h", 60, "min"] : [86400, "d", 3600, "h"];
    const total = Math.round(length / small), parts = big / small;
    return `${Math.floor(total / parts)} ${unit}` + (total % parts ? ` ${total % parts} ${rest}` : "");
  };
  const finer = () => Math.max(0, Math.ceil(Math.log10((whole.to - whole.from) / (view.to - view.from)) - 0.7));

  function readColours() {
    const style = getComputedStyle(root);
    for (const name of ["panel", "ink", "soft", "grid", "signal", "score", "alarm", "shade", "hatch", "shift", "band"]) colours[name] = style.getPropertyValue("--" + name).trim();
  }
  const ratio = () => printing ? (rows.length > 30 ? 1 : 3) : Math.max(window.devicePixelRatio || 1, 1);

  function drawRow(row) {
    const { ctx, width, height } = prepare(row.canvas, row.height, ratio());
    const plot = { ...frame(width), top: 2, bottom: height - 8 }, x = placeX(width), pieces = piecesOf(row);
    const values = extentOf(pieces);
    // The limit is in sight, also where nothing comes near it.
    const extent = row.isScore ? [Math.min(values[0], 0), Math.max(values[1], 1)] : values;
    const scale = linearScale(extent, plot.top, plot.bottom);
    drawHatched(ctx, warm, x, plot, colours);
    drawTicksY(ctx, scale, plot, colours);
    drawShaded(ctx, inView(events), chosen, x, plot, colours);
    drawPieces(ctx, pieces, x, scale, row.isScore ? colours.score : colours.signal);
    if (row.isScore) drawLimit(ctx, x, scale, plot);
    drawOnsets(ctx, inView(shifts), row.isScore ? null : channels.indexOf(row), x, plot, colours);
    drawGaps(ctx, row.gaps, x, plot, height);
    if (row.isScore) drawWarmWord(ctx, x, plot);
    const range = `from ${numberText(values[0], 3)} to ${numberText(values[1], 3)}`;
    const title = row.title + (row.unit && " in " + row.unit);
    row.canvas.setAttribute("aria-label", `${title}: ${range}, ${placeText(view.from)} to ${placeText(view.to)}`);
  }
  // From the end of the warm-up on.
  function drawLimit(ctx, x, scale, plot) {
    const left = Math.max(plot.left, warm.length ? x(warm[0][1]) : plot.left), y = scale.at(0);
    if (left >= plot.right) return;
    ctx.setLineDash([5, 4]);
    ctx.strokeStyle = colours.alarm;
    ctx.lineWidth = 1.25;
    ctx.beginPath(); ctx.moveTo(left, y); ctx.lineTo(plot.right, y); ctx.stroke();
    ctx.setLineDash([]);
  }
  // Missing samples: a bar under the plot.
  function drawGaps(ctx, gaps, x, plot, height) {
    ctx.fillStyle = colours.soft;
    for (const [from, to] of gaps) {
      const left = Math.max(x(from), plot.left), right = Math.min(Math.max(x(to), x(from) + 1), plot.right);
      if (right > left) ctx.fillRect(left, height - 5, right - left, 3);
    }
  }
  function drawWarmWord(ctx, x, plot) {
    for (const [from, to] of warm) {
      const left = Math.max(x(from), plot.left), right = Math.min(x(to), plot.right);
      if (right - left < 66) continue;
      ctx.fillStyle = colours.panel;
      ctx.fillRect(left, plot.top, 60, 17);
      ctx.textAlign = "left"; ctx.textBaseline = "top"; ctx.fillStyle = colours.soft;
      ctx.fillText("warm-up", left + 6, plot.top + 3);
    }
  }
  function drawAxis() {
    const { ctx, width } = prepare(axisCanvas, states.length ? 48 : 26, ratio()), x = placeX(width), plot = frame(width);
    const { step, places } = timeTicks(view, (plot.right - plot.left) / 90, isTime);
    ctx.fillStyle = colours.soft; ctx.strokeStyle = colours.soft; ctx.textBaseline = "top"; ctx.lineWidth = 1;
    for (const place of places) {
      const px = Math.round(x(place)) + 0.5;
      ctx.beginPath(); ctx.moveTo(px, 0); ctx.lineTo(px, 4); ctx.stroke();
      ctx.textAlign = px > width - 34 ? "right" : "center";
      const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
      ctx.fillText(isTime ? clockText(place, decimals) : place.toLocaleString("en"), ctx.textAlign === "right" ? width - 4 : px, 8);
    }
    drawStates(ctx, states, x, { ...plot, top: 27, bottom: 44 }, colours);
    const shown = inView(states).map(s => s.name).join(", ");
    axisCanvas.setAttribute("aria-label", `${isTime ? "Time" : "Frame"} axis, ${placeText(view.from)} to ${placeText(view.to)}${shown && ": " + shown}`);
  }
  // The whole recording: score, alarms, and the part in view.
  function drawMap() {
    const { ctx, width, height } = prepare(map, 40, ratio()), x = placeX(width, whole), plot = frame(width);
    const pieces = [{ ...common, low: scoreSeries.over, high: scoreSeries.over, ...whole }];
    ctx.fillStyle = colours.grid;
    ctx.fillRect(plot.left, 4, plot.right - plot.left, height - 8);
    drawHatched(ctx, warm, x, { ...plot, top: 4, bottom: height - 4 }, colours);
    drawPieces(ctx, pieces, x, linearScale(extentOf(pieces), 8, height - 6), colours.soft);
    ctx.fillStyle = colours.alarm;
    for (const s of shifts) { ctx.fillStyle = colours.shift; ctx.fillRect(x(s.at) - 0.75, 2, 1.5, height - 4); }
    ctx.fillStyle = colours.alarm;
    for (const [from, to] of alarmBins) ctx.fillRect(x(from), 4, Math.max(x(to) - x(from), 1.5), 4);
    if (view.from > whole.from || view.to < whole.to) {
      ctx.strokeStyle = colours.signal; ctx.lineWidth = 2;
      ctx.strokeRect(x(view.from), 2, Math.max(x(view.to) - x(view.from), 3), height - 4);
    }
  }
  let pending = 0;
  function draw() {
    if (!pending) pending = requestAnimationFrame(() => { pending = 0; drawNow(); });
  }
  function drawNow() {
    readColours();
    for (const row of rows) if (row.visible || printing) drawRow(row);
    drawAxis();
    drawMap();
    const range = `${placeText(view.from, finer())} – ${placeText(view.to, finer())}`;
    $("range").textContent = `${range} (${lengthText(view.to - view.from)}) · ${detailText()}`;
  }
  function detailText() {
    const inside = binsAreWide() && excerpts.some(e => e.from <= view.from + FRAME && e.to >= view.to - FRAME);
    if (raw || inside) return "every sample";
    const partly = binsAreWide() && excerpts.length ? "; every sample around the strongest alarms" : "";
    return `least and greatest of every ${data.width} frames${partly}`;
  }

  // View --------------------------------------------------------------------------------------------------------------
  let hashTimer = 0;
  function show(from, to) {
    const least = Math.min(8 * FRAME, whole.to - whole.from), length = Math.min(Math.max(to - from, least), whole.to - whole.from);
    const middle = (from + to) / 2;
    view.from = Math.min(Math.max(middle - length / 2, whole.from), whole.to - length);
    view.to = view.from + length;
    hideCross();
    draw();
    clearTimeout(hashTimer);
    hashTimer = setTimeout(writeHash, 250);
  }
  const zoom = (factor, about = (view.from + view.to) / 2) => show(about - (about - view.from) * factor, about + (view.to - about) * factor);
  const move = share => { const by = share * (view.to - view.from); show(view.from + by, view.to + by); };
  function showWhole() { choose(null); show(whole.from, whole.to); }

  function choose(event, scroll) {
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    chosen = event ? event.n : null;
    const text = $("chosen");
    text.textContent = events.length && !event ? `${events.length} alarm${events.length > 1 ? "s" : ""} shaded; click one, or step through them.` : "";
    if (event) {
      const shares = event.channels.slice(0, 4).map(([c, s]) => `${data.channels[c].name} ${Math.round(s * 100)} %`);
      const limit = event.limit === null ? "" : ` (limit ${numberText(event.limit, 3)})`;
      const score = event.score === null ? "" : `score ${numberText(event.score, 3)} dB${limit}`;
      const p = event.p === null ? "" : event.p === 0 ? "p < 10⁻³⁷" : `p ${numberText(event.p, 3)}`;
      make("b", "", text, `Alarm ${event.n}`);
      for (const words of [placeText(event.peak), score, p, shares.join(", ")]) if (words) text.append(" · " + words);
      const row = $("alarm-" + event.n);
      if (row) row.classList.add("chosen");
      const margin = Math.max(event.to - event.from, 500 * FRAME);
      show(event.from - margin, event.to + margin);
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (scroll) $("plots").scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    }
    draw();
  }
  function step(direction) {
    const middle = (view.from + view.to) / 2, at = events.findIndex(e => e.n === chosen);
    if (at >= 0) return choose(events[(at + direction + events.length) % events.length]);
    const unzoomed = view.from <= whole.from && view.to >= whole.to;
    const ahead = direction > 0 ? events.find(e => unzoomed || e.from > middle) : events.filter(e => unzoomed || e.to < middle).pop();
    choose(ahead || events[direction > 0 ? 0 : events.length - 1]);
  }

  // Address: #t=from,to and #dark or #light -----------------------------------------------------------------------------
  function writeHash() {
    const parts = [], decimals = isTime ? Math.max(0, Math.min(9, Math.ceil(-Math.log10(FRAME)) + 1)) : 0;
    if (root.dataset.theme) parts.push(root.dataset.theme);
    if (view.from > whole.from || view.to < whole.to) parts.push(`t=${view.from.toFixed(decimals)},${view.to.toFixed(decimals)}`);
    // Some browsers refuse this for local files; the page works without.
    try { history.replaceState(null, "", "#" + parts.join("&")); } catch { /* no deep link then */ }
  }
  function readHash() {
    for (const part of location.hash.slice(1).split("&")) {
      if (part === "dark" || part === "light") root.dataset.theme = part;
      const range = /^t=(-?[\d.]+(?:e-?\d+)?),(-?[\d.]+(?:e-?\d+)?)$/.exec(part);
      if (range && Number(range[1]) < Number(range[2])) show(Number(range[1]), Number(range[2]));
    }
    nameTheme();
    draw();
  }
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => { $("theme").textContent = isDark() ? "Light" : "Dark"; };

  // Crosshair -----------------------------------------------------------------------------------------------------------
  const hideCross = () => { cross.style.display = "none"; for (const row of rows) row.value.textContent = ""; };
  function moveCross(px) {
    const { left, right } = frame(stack.clientWidth);
    if (px < left || px > right) return hideCross();
    const place = valueAt(px);
    cross.style.display = "block";
    cross.style.left = px + "px";
    crossText.textContent = placeText(place, finer());
    crossText.style.transform = `translateX(${px < 60 + left / 2 ? "-20%" : px > right - 50 ? "-85%" : "-50%"})`;
    for (const row of rows) if (row.visible) row.value.textContent = reading(row, place);
    stack.classList.toggle("on-alarm", hit(px) !== undefined);
  }
  function reading(row, place) {
    const piece = piecesOf(row).find(p => place >= p.from && place <= p.to);
    if (!piece) return "";
    let i = indexAt(piece.edges, place);
    if (piece.raw && piece.edges[i + 1] - place < place - piece.edges[i]) i++;
    i = Math.min(i, piece.low.length - 1);
    const low = numberText(piece.low[i]), high = numberText(piece.high[i]), unit = row.unit && " " + row.unit;
    if (!row.isScore) return low === "–" ? "missing" : (low === high ? low : `${low} … ${high}`) + unit;
    const bin = indexAt(edges, place);
    const extra = (word, v) => Number.isNaN(v) || v === undefined ? "" : ` · ${word} ${numberText(v, 3)}`;
    // The p-value is that of the bin: beside a single sample it would mislead.
    const p = piece.raw && !raw ? NaN : scoreSeries.p[bin];
    return (low === "–" ? low : low + " dB") + extra("p", p);
  }
  function hit(px) {
    const x = placeX(stack.clientWidth), near = e => Math.max(x(e.from) - px, px - Math.max(x(e.to), x(e.from) + 2), 0);
    return inView(events).filter(e => near(e) <= 4).sort((a, b) => near(a) - near(b) || (a.p ?? 1) - (b.p ?? 1))[0];
  }

  // Mouse, fingers, keys ------------------------------------------------------------------------------------------------
  const fingers = new Map();
  const localX = event => event.clientX - stack.getBoundingClientRect().left - stack.clientLeft;
  let drag = null;
  stack.addEventListener("pointerdown", event => {
    if (event.button) return;
    fingers.set(event.pointerId, localX(event));
    const touch = event.pointerType === "touch", grab = axis.contains(event.target);
    drag = { x: localX(event), view: { ...view }, moved: fingers.size > 1, touch, grab };
    if (fingers.size === 2) drag.pinch = [...fingers.values()];
    stack.setPointerCapture(event.pointerId);
  });
  stack.addEventListener("pointermove", event => {
    const px = localX(event);
    if (!drag) return moveCross(px);
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, px);
    const { left, right } = frame(stack.clientWidth), unit = (drag.view.to - drag.view.from) / (right - left);
    if (drag.pinch && fingers.size === 2) {
      const [a, b] = drag.pinch, [c, d] = [...fingers.values()];
      const factor = Math.min(Math.abs(b - a) / Math.max(Math.abs(d - c), 10), 50);
      const about = drag.view.from + ((a + b) / 2 - left) * unit, from = about - ((c + d) / 2 - left) * unit * factor;
      show(from, from + (drag.view.to - drag.view.from) * factor);
      return;
    }
    if (Math.abs(px - drag.x) > 4) drag.moved = true;
    if (!drag.moved) return;
    if (drag.touch || drag.grab || event.shiftKey) return show(drag.view.from - (px - drag.x) * unit, drag.view.to - (px - drag.x) * unit);
    moveCross(px);
    Object.assign(band.style, { display: "block", left: Math.min(px, drag.x) + "px", width: Math.abs(px - drag.x) + "px" });
  });
  const release = event => {
    fingers.delete(event.pointerId);
    band.style.display = "none";
    const done = drag, px = localX(event);
    if (fingers.size) {
      // One of two fingers was lifted: the other goes on and moves the view.
      if (drag) drag = { ...drag, pinch: null, x: [...fingers.values()][0], view: { ...view }, moved: true };
      return;
    }
    drag = null;
    if (!done || event.type === "pointercancel") return;
    if (!done.moved) {
      const event = hit(px);
      if (event) choose(event); else moveCross(px);
    } else if (!done.touch && !done.grab && !event.shiftKey && Math.abs(px - done.x) > 4) {
      const [a, b] = [valueAt(done.x), valueAt(px)];
      show(Math.min(a, b), Math.max(a, b));
    }
  };
  stack.addEventListener("pointerup", release);
  stack.addEventListener("pointercancel", release);
  stack.addEventListener("pointerleave", () => { if (!drag) hideCross(); });
  stack.addEventListener("dblclick", showWhole);
  // A plain wheel over the plots scrolls the page; over the time axis and the map it zooms.
  const wheel = event => {
    const zooms = event.ctrlKey || event.metaKey || event.currentTarget === map || axis.contains(event.target);
    if (!zooms && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    const about = event.currentTarget === map ? undefined : valueAt(localX(event));
    if (zooms) zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), about);
    else move(event.deltaX / stack.clientWidth);
  };
  for (const node of [stack, map]) node.addEventListener("wheel", wheel, { passive: false });
  const centre = event => {
    if (!(event.buttons & 1) && event.type !== "pointerdown") return;
    const { left, right } = frame(map.clientWidth), length = view.to - view.from;
    const share = (event.clientX - map.getBoundingClientRect().left - left) / (right - left), at = whole.from + share * (whole.to - whole.from);
    const part = length < whole.to - whole.from ? length : length / 10;
    show(at - part / 2, at + part / 2);
  };
  map.addEventListener("pointerdown", event => { map.setPointerCapture(event.pointerId); centre(event); });
  map.addEventListener("pointermove", centre);
  map.addEventListener("dblclick", showWhole);
  const keys = {
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: showWhole, Escape: showWhole,
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), n: () => step(1), p: () => step(-1),
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || (/^[np]$/.test(event.key) && !events.length)) return;
    event.preventDefault();
    keys[event.key]();
  });

  $("previous").onclick = () => step(-1);
  $("next").onclick = () => step(1);
  $("in").onclick = () => zoom(0.5);
  $("out").onclick = () => zoom(2);
  $("whole").onclick = showWhole;
  $("all").onclick = () => { showAll = !showAll; layRows(); draw(); };
  $("theme").onclick = () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); writeHash(); draw(); };
  for (const row of document.querySelectorAll("tr[data-n]")) {
    row.addEventListener("click", event => {
      if (event.target.closest("details")) return;
      event.preventDefault();
      const found = events.find(e => e.n === Number(row.dataset.n));
      if (found) choose(found, true);
    });
  }
  addEventListener("hashchange", readHash);
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { nameTheme(); draw(); });

  // Paper is light, narrow, and takes all rows at once.
  let theme, open;
  addEventListener("beforeprint", () => {
    open = $("settings").open;
    $("settings").open = true;
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    stack.style.width = "690px";
    printing = true;
    drawNow();
    // Drawn for one width of paper, scaled to the real one.
    stack.style.width = "";
    for (const canvas of stack.querySelectorAll("canvas")) canvas.style.height = "auto";
  });
  addEventListener("afterprint", () => {
    $("settings").open = open;
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    printing = false;
    for (const row of rows) row.canvas.style.height = row.height + "px";
    draw();
  });

  $("plots").hidden = false;
  $("theme").hidden = false;
  $("stepper").hidden = !events.length;
  layRows();
  choose(null);
  readHash();
})();
