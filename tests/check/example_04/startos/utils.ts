export const uiPort = 8080
