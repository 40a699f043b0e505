//! Products over some of the rows of a basis: those whose entries were seen.

/// The lower triangle of G ← W_ΩᵀW_Ω (r×r), Ω the rows of the n×r matrix `w` that are `chosen`, summed row after row. Cost n·r²/2
/// multiply–adds.
///
/// # Panics
/// If the shapes do not agree.
#[inline(never)]
pub fn chosen_rows(w: &[f32], n: usize, chosen: impl Fn(usize) -> bool, gram: &mut [f32]) {
    let r = w.len() / n;
    for (j, b) in w.chunks_exact(n).enumerate() {
        for (i, a) in w.chunks_exact(n).enumerate().skip(j) {
            let mut sum = 0.0;
            for (row, (a, b)) in a.iter().zip(b).enumerate() {
                sum += if chosen(row) { a * b } else { 0.0 };
            }
            gram[j * r + i] = sum;
        }
    }
}
