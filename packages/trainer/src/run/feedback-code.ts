/** What schedules with feedback need. A run that has one loads it before its first step. */
export const feedbackCode = () => import('./schedule-feedback.js')
