// Ends before it says anything.
int main() { return 7; }
