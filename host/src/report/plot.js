"use strict";
// Series and how they are drawn. No state: everything comes in as arguments.

// Three bytes a number, the upper part of a little-endian float; NaN = nothing to draw.
function unpack(text) {
  const raw = atob(text || ""), bits = new Uint32Array(raw.length / 3);
  for (let i = 0, k = 0; i < bits.length; i++, k += 3) {
    bits[i] = raw.charCodeAt(k) << 8 | raw.charCodeAt(k + 1) << 16 | raw.charCodeAt(k + 2) << 24;
  }
  return new Float32Array(bits.buffer);
}

// A thousand channels are unpacked when they are first looked at.
function lazy(make) {
  let made = null;
  return () => made || (made = make());
}

// Place of every bin, and the end.
function binEdges(data, bins) {
  const edges = new Float64Array(bins + 1);
  for (let i = 0; i < bins; i++) edges[i] = data.starts ? data.starts[i] : data.from + i * data.step;
  edges[bins] = data.to;
  return edges;
}

// Index of the last edge at or before x, at least 0.
function indexAt(edges, x) {
  let low = 0, high = edges.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= x) low = middle; else high = middle;
  }
  return low;
}

// A piece is a stretch of one series: { edges, low, high, raw, from, to }. Raw pieces hold samples, others bins.
function piecesIn(view, bins, excerpts, binsAreWide) {
  const pieces = [];
  let from = view.from;
  if (binsAreWide) {
    for (const e of excerpts) {
      const begin = Math.max(e.edges[0], from), end = Math.min(e.edges[e.edges.length - 1], view.to);
      if (begin >= end) continue;
      if (begin > from) pieces.push({ ...bins, from, to: begin });
      pieces.push({ ...e, from: begin, to: end });
      from = end;
    }
  }
  if (from < view.to) pieces.push({ ...bins, from, to: view.to });
  return pieces;
}

function eachIndex(piece, visit) {
  const first = indexAt(piece.edges, piece.from), n = Math.min(piece.low.length, piece.high.length);
  for (let i = first; i < n && (piece.edges[i] < piece.to || i === first); i++) visit(i);
}

function extentOf(pieces, extent = [Infinity, -Infinity]) {
  for (const piece of pieces) {
    eachIndex(piece, i => {
      if (piece.low[i] < extent[0]) extent[0] = piece.low[i];
      if (piece.high[i] > extent[1]) extent[1] = piece.high[i];
    });
  }
  return extent;
}

function linearScale([low, high], top, bottom) {
  if (!(low <= high)) [low, high] = [0, 1];
  const pad = (high - low) * 0.07 || Math.abs(high) * 0.1 || 1;
  const a = low - pad, b = high + pad;
  return { at: v => bottom - (v - a) / (b - a) * (bottom - top), ticks: () => ticksFor(a, b, (bottom - top) / 26) };
}

function ticksFor(a, b, most) {
  const rough = (b - a) / Math.max(most, 1.5), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(m => m * power >= rough), out = [];
  for (let k = Math.ceil(a / step); k * step <= b; k++) out.push(k * step || 0);
  return out;
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function timeTicks(view, most, isTime) {
  const rough = (view.to - view.from) / Math.max(most, 2);
  let step = TIME_STEPS.find(s => s >= rough);
  if (!isTime || rough < 1 || !step) {
    const unit = isTime && rough > 86400 ? 86400 : 1, power = 10 ** Math.floor(Math.log10(rough / unit));
    step = unit * power * [1, 2, 5, 10].find(m => m * power * unit >= rough);
  }
  if (!isTime) step = Math.max(step, 1);
  const out = [];
  for (let k = Math.ceil(view.from / step - 1e-9); k * step <= view.to + step * 1e-9; k++) out.push(k * step || 0);
  return { step, places: out };
}

function clockText(seconds, decimals) {
  const scale = 10 ** decimals, ticks = Math.round(Math.abs(seconds) * scale), whole = Math.floor(ticks / scale);
  const two = n => String(n).padStart(2, "0");
  const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const head = d ? `${d} d ${two(h)}:` : h ? `${h}:` : "";
  const tail = decimals ? "." + String(Math.round(ticks - whole * scale)).padStart(decimals, "0") : "";
  return (seconds < 0 && ticks ? "−" : "") + head + two(m) + ":" + two(s) + tail;
}

function numberText(v, n = 4) {
  if (!Number.isFinite(v)) return "–";
  const size = Math.abs(v);
  if (v !== 0 && (size >= 1e6 || size < 1e-3)) {
    const [m, e] = v.toExponential(n - 2).split("e");
    const up = e.replace("+", "").replace(/./g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return (/\./.test(m) ? m.replace(/\.?0+$/, "") : m).replace("-", "−") + " × 10" + up;
  }
  return String(Number(v.toPrecision(n))).replace("-", "−");
}

// Width and height in CSS pixels; the bitmap follows the screen (or the printer).
function prepare(canvas, height, ratio) {
  const width = Math.max(canvas.clientWidth, 50);
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  return { ctx, width, height };
}

function drawTicksY(ctx, scale, plot, colours) {
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 1;
  for (const v of scale.ticks()) {
    const y = Math.round(scale.at(v)) + 0.5;
    if (y < plot.top || y > plot.bottom) continue;
    ctx.strokeStyle = colours.grid;
    ctx.beginPath();
    ctx.moveTo(plot.left, y);
    ctx.lineTo(plot.right, y);
    ctx.stroke();
    ctx.fillStyle = colours.soft;
    ctx.fillText(numberText(v, 3), plot.left - 7, Math.min(Math.max(y, plot.top + 5), plot.bottom - 5));
  }
}

// Diagonal lines over stretches of the axis.
function drawHatched(ctx, stretches, x, plot, colours) {
  ctx.strokeStyle = colours.hatch;
  ctx.lineWidth = 1;
  for (const [from, to] of stretches) {
    const left = Math.max(x(from), plot.left), right = Math.min(x(to), plot.right), height = plot.bottom - plot.top;
    if (right - left < 0.5) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, plot.top, right - left, height);
    ctx.clip();
    ctx.beginPath();
    for (let d = Math.floor((left - height) / 7) * 7; d < right; d += 7) {
      ctx.moveTo(d, plot.bottom);
      ctx.lineTo(d + height, plot.top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

function drawShaded(ctx, events, chosen, x, plot, colours) {
  for (const e of events) {
    const left = Math.max(x(e.from), plot.left), right = Math.min(Math.max(x(e.to), x(e.from) + 2.5), plot.right);
    if (right <= left) continue;
    ctx.fillStyle = colours.shade;
    ctx.fillRect(left, plot.top, right - left, plot.bottom - plot.top);
    // Colour alone is not enough: a solid cap marks every alarm, a longer one the chosen alarm.
    ctx.fillStyle = colours.alarm;
    ctx.fillRect(left, plot.top, right - left, e.n === chosen ? 6 : 3);
  }
}

// Onsets of shifts: a dashed line, and the interval in which it lies; stronger in the channels that carry the shift (`channel` null: all).
function drawOnsets(ctx, shifts, channel, x, plot, colours) {
  for (const s of shifts) {
    const carries = channel === null || s.channels.includes(channel);
    const left = Math.max(x(s.from), plot.left), right = Math.min(Math.max(x(s.to), x(s.from) + 1), plot.right);
    ctx.fillStyle = colours.band;
    if (right > left) ctx.fillRect(left, plot.top, right - left, plot.bottom - plot.top);
    const at = x(s.at);
    if (at < plot.left || at > plot.right) continue;
    ctx.globalAlpha = carries ? 1 : 0.45;
    ctx.strokeStyle = colours.shift;
    ctx.lineWidth = carries ? 1.75 : 1;
    ctx.setLineDash([6, 3]);
    ctx.beginPath();
    ctx.moveTo(at, plot.top);
    ctx.lineTo(at, plot.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }
}

// The band of states: every other number is filled, each one is named where there is room.
function drawStates(ctx, states, x, plot, colours) {
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 1;
  for (const s of states) {
    const left = Math.max(x(s.from), plot.left), right = Math.min(x(s.to), plot.right);
    if (right - left < 1) continue;
    ctx.fillStyle = s.regime % 2 ? colours.grid : colours.band;
    ctx.fillRect(left, plot.top, right - left, plot.bottom - plot.top);
    ctx.strokeStyle = colours.shift;
    if (x(s.from) >= plot.left && s !== states[0]) ctx.strokeRect(Math.round(left) + 0.5, plot.top, 0, plot.bottom - plot.top);
    ctx.fillStyle = colours.ink;
    const room = right - left - 10, short = s.name.replace("regime ", "");
    const name = [s.name, short, short.replace("back to ", "")].find(n => ctx.measureText(n).width <= room);
    if (name) ctx.fillText(name, left + 5, (plot.top + plot.bottom) / 2 + 0.5);
  }
}

// Bins are drawn as a band of steps from smallest to largest, samples as a line.
function drawPieces(ctx, pieces, x, scale, colour) {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineJoin = "round";
  for (const piece of pieces) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x(piece.from), 0, x(piece.to) - x(piece.from), 1e4);
    ctx.clip();
    if (piece.raw) drawLine(ctx, piece, x, scale); else drawBand(ctx, piece, x, scale);
    ctx.restore();
  }
}

function drawLine(ctx, piece, x, scale) {
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  let drawing = false;
  const from = Math.max(indexAt(piece.edges, piece.from) - 1, 0);
  for (let i = from; i < piece.low.length && (i === from || piece.edges[i - 1] <= piece.to); i++) {
    const v = piece.low[i];
    if (Number.isNaN(v)) { drawing = false; continue; }
    // A lone sample between missing ones would leave no trace as a line.
    if (!drawing) ctx.moveTo(x(piece.edges[i]) - 0.5, scale.at(v));
    ctx.lineTo(x(piece.edges[i]), scale.at(v));
    drawing = true;
  }
  ctx.stroke();
}

function drawBand(ctx, piece, x, scale) {
  const spans = [];
  let span = null;
  eachIndex(piece, i => {
    const torn = i > 0 && piece.edges[i] - piece.edges[i - 1] > 3 * piece.step;
    if (Number.isNaN(piece.low[i])) { span = null; return; }
    if (!span || torn) spans.push(span = []);
    span.push(i);
  });
  ctx.lineWidth = 1;
  for (const s of spans) {
    // A bin ends where the next begins, unless the clock jumped in between.
    const end = i => x(Math.min(piece.edges[i + 1], piece.edges[i] + 3 * piece.step));
    ctx.beginPath();
    for (const i of s) { ctx.lineTo(x(piece.edges[i]), scale.at(piece.high[i])); ctx.lineTo(end(i), scale.at(piece.high[i])); }
    for (const i of s.reverse()) { ctx.lineTo(end(i), scale.at(piece.low[i])); ctx.lineTo(x(piece.edges[i]), scale.at(piece.low[i])); }
    ctx.closePath();
    ctx.globalAlpha = 0.3;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.stroke();
  }
}
