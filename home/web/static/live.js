// Filled by the live updates.
export function follow() {
}
