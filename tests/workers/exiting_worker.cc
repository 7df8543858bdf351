// Exits before it sends anything.
int main() { return 7; }
